package awsvpc

import (
	"bytes"
	"slices"
	"strings"

	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

// longestHeader is more than all the field names take.
const longestHeader = 16 << 10

// headerIn gives the header that line is, without what stands around it, or
// nil.
func headerIn(line []byte) []byte {
	if len(line) > longestHeader {
		return nil
	}
	line = parse.Trim(bytes.TrimSuffix(bytes.TrimPrefix(line, []byte("\ufeff")), []byte("\r")))
	if !bytes.Contains(line, sign) || !isHeader(line) {
		return nil
	}
	return line
}

// sign stands in every header that can be read, and hardly elsewhere.
var sign = []byte("srcaddr")

// follow is the layout that the header line gives to the rows behind it, or l
// where that says the same.
func (l *layout) follow(line []byte, overrides map[string]string) *layout {
	names := strings.Fields(string(line))
	if slices.Equal(names, l.names) {
		return l
	}
	next := &layout{header: line, names: names}
	if next.broken = next.place(overrides); next.broken != nil {
		next.names = nil
	}
	return next
}

// scout finds the headers within a log that was put together of several.
func scout(l *layout, overrides map[string]string) lines.Scout {
	return func(text []byte) any {
		before := l
		for {
			i := bytes.Index(text, sign)
			if i < 0 {
				return before
			}
			from := bytes.LastIndexByte(text[:i], '\n') + 1
			line, rest, _ := bytes.Cut(text[from:], []byte("\n"))
			if h := headerIn(line); h != nil {
				l = l.follow(bytes.Clone(h), overrides)
			}
			text = rest
		}
	}
}
