package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// document plays a sequence of documents, lists of alerts and alerts.
func (p *playing) document(stream io.Reader) error {
	d := &documents{playing: p, r: bufio.NewReaderSize(stream, 64<<10), line: 1}
	if head, _ := d.r.Peek(len(bom)); string(head) == bom {
		_, _ = d.r.Discard(len(bom))
	}
	for {
		b, err := d.peek()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case b == '{':
			err = d.object()
		case b == '[':
			err = d.list()
		default:
			err = d.unexpected(b, "an object or a list of alerts")
		}
		if err != nil {
			return d.told(err)
		}
	}
}

// documents reads JSON as it comes, value for value.
type documents struct {
	*playing
	r    *bufio.Reader
	line uint64
	buf  []byte
}

// told makes an end within a value one that says so.
func (d *documents) told(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("cut short in line %d", d.line)
	}
	return err
}

func (d *documents) unexpected(b byte, want string) error {
	return fmt.Errorf("line %d: not JSON: %q where %s is expected", d.line, b, want)
}

// peek is the next byte that is no white space.
func (d *documents) peek() (byte, error) {
	for {
		b, err := d.r.ReadByte()
		if err != nil {
			return 0, err
		}
		switch b {
		case '\n':
			d.line++
		case ' ', '\t', '\r':
		default:
			return b, d.r.UnreadByte()
		}
	}
}

// next takes the next byte, which must be want.
func (d *documents) next(want byte) error {
	b, err := d.peek()
	if err != nil {
		return err
	}
	if b != want {
		return d.unexpected(b, fmt.Sprintf("%q", want))
	}
	_, err = d.r.ReadByte()
	return err
}

// value reads the next value, which stays valid until the one after it. Of one
// that is too long nothing is kept.
func (d *documents) value() (text []byte, err error) {
	if _, err := d.peek(); err != nil {
		return nil, err
	}
	d.buf = d.buf[:0]
	depth, quoted, escaped, long := 0, false, false, false
	for {
		b, err := d.r.ReadByte()
		if err != nil {
			return nil, err
		}
		if b == '\n' {
			d.line++
		}
		ends := false
		switch {
		case quoted:
			switch {
			case escaped:
				escaped = false
			case b == '\\':
				escaped = true
			case b == '"':
				quoted = false
				ends = depth == 0
			}
		case b == '"':
			quoted = true
		case b == '{', b == '[':
			depth++
		case b == '}', b == ']', b == ',', b == ' ', b == '\n', b == '\t', b == '\r', b == ':':
			if depth == 0 { // behind a number or a word, or nothing at all
				if b == '\n' {
					d.line--
				}
				if len(d.buf) == 0 {
					return nil, d.unexpected(b, "a value")
				}
				if err := d.r.UnreadByte(); err != nil || long {
					return nil, errLong
				}
				return d.buf, nil
			}
			if b == '}' || b == ']' {
				depth--
				ends = depth == 0
			}
		}
		if long = long || len(d.buf) == maxAlert; !long {
			d.buf = append(d.buf, b)
		}
		switch {
		case ends && long:
			return nil, errLong
		case ends:
			return d.buf, nil
		}
	}
}

// members calls f at the value of each member of the object that is next.
func (d *documents) members(f func(key string) error) error {
	if err := d.next('{'); err != nil {
		return err
	}
	for n := 0; ; n++ {
		b, err := d.peek()
		if err != nil {
			return err
		}
		if b == '}' {
			return d.next('}')
		}
		if n > 0 {
			if err := d.next(','); err != nil {
				return err
			}
			if b, err = d.peek(); err != nil {
				return err
			}
		}
		if b != '"' {
			return d.unexpected(b, "a key")
		}
		text, err := d.value()
		if err != nil {
			return err
		}
		var key string
		if err := json.Unmarshal(text, &key); err != nil {
			return fmt.Errorf("line %d: not JSON: %w", d.line, err)
		}
		if err := d.next(':'); err != nil {
			return err
		}
		if err := f(key); err != nil {
			return err
		}
	}
}

// object plays an object: a document, or one alert.
func (d *documents) object() error {
	line := d.line
	whole := []byte{'{'}
	report, long := false, false
	var summary []byte
	err := d.members(func(key string) error {
		b, err := d.peek()
		if err != nil {
			return err
		}
		if key == "alerts" && b == '[' {
			report = true
			return d.list()
		}
		text, err := d.value()
		switch {
		case err == errLong:
			long = true
			return nil
		case err != nil:
			return err
		case key == "schema" && bytes.HasPrefix(text, []byte(`"seine.report/`)):
			report = true
			if layout := string(bytes.Trim(text, `"`)); layout != reportLayout {
				return fmt.Errorf("line %d: %w", d.line, &versionError{layout, reportLayout})
			}
			d.layout = reportLayout
		case key == "summary" && len(text) > 0 && text[0] == '{':
			summary = bytes.Clone(text)
		case key == "hosts": // ranked anew
		default:
			if len(whole)+len(key)+len(text) > maxAlert {
				long = true
				return nil
			}
			if len(whole) > 1 {
				whole = append(whole, ',')
			}
			name, _ := json.Marshal(key)
			whole = append(append(append(whole, name...), ':'), text...)
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case report && long:
		d.src.Note(fmt.Sprintf("what the document says of its run was passed over: %s", errLong))
	case long:
		d.src.Report(line, errLong.Error())
	case report && summary != nil:
		return d.summary(summary)
	case !report:
		return d.one(append(whole, '}'), line)
	}
	return nil
}

// list plays a list of alerts.
func (d *documents) list() error {
	if err := d.next('['); err != nil {
		return err
	}
	for n := 0; ; n++ {
		b, err := d.peek()
		if err != nil {
			return err
		}
		if b == ']' {
			return d.next(']')
		}
		if n > 0 {
			if err := d.next(','); err != nil {
				return err
			}
			if _, err := d.peek(); err != nil {
				return err
			}
		}
		line := d.line
		text, err := d.value()
		switch {
		case err == errLong:
			d.src.Report(line, err.Error())
			continue
		case err != nil:
			return err
		}
		if err := d.one(text, line); err != nil {
			return err
		}
	}
}
