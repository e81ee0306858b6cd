package replay

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxAlert bounds one alert, or the summary of a document, in bytes.
const maxAlert = 64 << 20

var errLong = fmt.Errorf("longer than %d MiB", maxAlert>>20)

const bom = "\xef\xbb\xbf"

// spread reports whether an input that begins with head is one JSON document,
// or several that go over lines, and not one alert a line.
func spread(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte(bom)), " \t\r\n")
	if len(head) == 0 || head[0] != '{' {
		return len(head) > 0 && head[0] == '['
	}
	depth, key, last := 0, "", byte(0)
	broken := false // the first line ended within the object
	for i := 0; i < len(head); i++ {
		switch b := head[i]; b {
		case ' ', '\t', '\r':
			continue
		case '\n':
			if !broken {
				rest := bytes.TrimLeft(head[i:], " \t\r\n")
				if bytes.HasPrefix(rest, []byte("{")) && !strings.ContainsRune(":,[", rune(last)) {
					return false // a line that was cut short, and the next alert
				}
			}
			broken = true
			continue
		case '"':
			end := textEnd(head, i)
			if end < 0 {
				return broken // a text goes on behind the head, or over a newline
			}
			text := string(head[i+1 : end])
			switch {
			case depth == 1 && last != ':':
				if key = text; key == "alerts" {
					return true
				}
			case depth == 1 && key == "schema":
				if strings.HasPrefix(text, "seine.report/") {
					return true
				}
			}
			i = end
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return broken
			}
		}
		last = head[i]
	}
	return broken
}

// textEnd is where the string that begins at from ends, or -1.
func textEnd(b []byte, from int) int {
	for i := from + 1; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i
		case '\\':
			i++
		case '\n':
			return -1
		}
	}
	return -1
}

// lines plays one alert a line.
func (p *playing) lines(stream io.Reader) error {
	br := bufio.NewReaderSize(stream, 64<<10)
	var buf []byte
	for n := uint64(1); ; n++ {
		line, long, err := readLine(br, buf[:0])
		if err != nil && err != io.EOF {
			return err
		}
		buf = line
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte(bom))
		}
		switch line = bytes.TrimSpace(line); {
		case long:
			p.src.Report(n, errLong.Error())
		case len(line) > 0:
			failed := p.one(line, n)
			var version *versionError
			if errors.As(failed, &version) && version.layout == reportLayout { // all in one line
				failed = p.document(bytes.NewReader(line))
			}
			if failed != nil {
				return failed
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

// readLine appends the next line to buf. Of one that is too long the rest is
// passed over.
func readLine(br *bufio.Reader, buf []byte) (line []byte, long bool, err error) {
	for {
		part, err := br.ReadSlice('\n')
		if long = long || len(buf)+len(part) > maxAlert; !long {
			buf = append(buf, part...)
		}
		if err != bufio.ErrBufferFull {
			return buf, long, err
		}
	}
}
