package main

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"seine/flow"
)

func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// isICMP reports whether there are a type and a code for ports.
func isICMP(p flow.Proto) bool { return p == flow.ICMP || p == flow.ICMPv6 }

func (c *conn) kind() (typ, code uint8) { return c.packets[0].typ, c.packets[0].code }

// seconds is a time in seconds with milliseconds.
func seconds(ms int64) string { return fmt.Sprintf("%d.%03d", ms/1000, ms%1000) }

func iso(ms int64) string { return at(ms).Format("2006-01-02T15:04:05.000Z") }

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func lines[T any](all []T, each func(T) string) []byte {
	var b bytes.Buffer
	for _, v := range all {
		b.WriteString(each(v))
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// A line writes the members of one JSON object, in the order of the calls.
type line struct{ b strings.Builder }

func (l *line) member(key string, value any) *line {
	if l.b.Len() > 0 {
		l.b.WriteByte(',')
	}
	switch v := value.(type) {
	case *line:
		fmt.Fprintf(&l.b, "%q:{%s}", key, v.b.String())
	case int, int64, uint16, uint8, uint32, uint64, bool, raw:
		fmt.Fprintf(&l.b, "%q:%v", key, v)
	default:
		fmt.Fprintf(&l.b, "%q:%q", key, fmt.Sprint(v))
	}
	return l
}

// when adds a member only if cond holds.
func (l *line) when(cond bool, key string, value any) *line {
	if cond {
		l.member(key, value)
	}
	return l
}

func (l *line) String() string { return "{" + l.b.String() + "}" }

type raw string // JSON as it stands

func object() *line { return new(line) }
