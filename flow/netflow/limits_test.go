package netflow

import (
	"strings"
	"testing"

	"seine/flow"
)

// A counter that is too large once multiplied is absent, not wrong.
func TestCounterTooLarge(t *testing.T) {
	_, rows := readAll(t, message(noon, setOf(2, templateOf(256, 8, 4, 12, 4, 1, 8, 34, 4)),
		setOf(256, ip("192.0.2.1"), ip("198.51.100.1"), b64(1<<63), b32(1000))))
	if len(rows) != 1 || rows[0].Has&flow.HasSrcBytes != 0 {
		t.Error(rows)
	}
}

// Junk between datagrams costs what it covers.
func TestJunkIsPassedOver(t *testing.T) {
	good := v5(1000, noon, 0, flow5("192.0.2.1", "198.51.100.1", 1, 2, 17, 0, 1, 28, 1, 2))
	undated := v5(1000, 5, 0, flow5("192.0.2.1", "198.51.100.1", 1, 2, 17, 0, 1, 28, 1, 2))
	src, rows := readAll(t, cat(good, make([]byte, 1001), good, undated, good, good[:50]))
	if len(rows) != 3 || src.Bad != 3 {
		t.Errorf("%d rows, bad %v", len(rows), src.BadRows)
	}
	if !strings.Contains(src.BadRows[0].Reason, "1001 bytes were passed over") || src.BadRows[1].Row != 4 {
		t.Errorf("%v", src.BadRows)
	}
}

// A template that never comes holds up the rest for so long only.
func TestWaitingIsLimited(t *testing.T) {
	data := message(noon, setOf(256, plainFlow(1, 1, 2)), setOf(2, templateOf(257, plain...)))
	more := message(noon, setOf(257, plainFlow(2, 1, 2)))
	for range maxHeldRows + 2 {
		data = append(data, more...)
	}
	src := flow.BytesSource("input", data, &flow.Options{Symbols: flow.NewSymbols()})
	r, err := newReader(src, strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	most := 0
	rows := 0
	for buf := make([]flow.Record, 100); ; {
		n, err := r.Read(buf)
		rows += n
		most = max(most, r.d.out.held.rows)
		if err != nil {
			break
		}
	}
	if rows != maxHeldRows+2 || r.d.seen.lost.sets != 1 || most > maxHeldRows+1 || r.d.out.held != struct{ rows, bytes int }{} {
		t.Errorf("%d rows, %+v, at most %d held, then %+v", rows, r.d.seen.lost, most, r.d.out.held)
	}
}

// What exporters can have us remember is limited.
func TestTablesAreLimited(t *testing.T) {
	src := flow.BytesSource("input", nil, &flow.Options{Symbols: flow.NewSymbols()})
	d := newDecoder(src)
	many := make([]uint16, 0, 2000)
	for range 500 {
		many = append(many, 8, 4, 82, 0xffff)
	}
	var refused error
	for i := range uint32(maxDomains + 10) {
		m := message(noon, setOf(2, templateOf(256, many...), templateOf(257, 8, 4), templateOf(258, 8, 4)))
		copy(m[12:], b32(i))
		refused = d.datagram(&datagram{data: m})
	}
	if refused != errDomains || len(d.domains) != maxDomains {
		t.Errorf("%d domains, %v", len(d.domains), refused)
	}
	if d.kept.templates > maxTemplates || d.kept.steps > maxSteps || d.seen.refused == 0 {
		t.Errorf("%+v, %d refused", d.kept, d.seen.refused)
	}
	for _, dom := range d.domains {
		d.withdraw(dom, 2)
	}
	if d.kept.templates != 0 || d.kept.steps != 0 {
		t.Errorf("%+v after all were withdrawn", d.kept)
	}
}

// Templates that would have a reader loop for ever, or of no use.
func TestBadTemplates(t *testing.T) {
	for name, set := range map[string][]byte{
		"no bytes":      templateOf(256, 8, 0, 12, 0),
		"cut short":     templateOf(256, plain...)[:20],
		"number 5":      templateOf(5, plain...),
		"count too big": b16(256, 0xffff, 8, 4),
	} {
		src, rows := readAll(t, cat(message(noon, setOf(2, set)), message(noon, setOf(2, templateOf(257, plain...)), setOf(257, plainFlow(1, 1, 2)))))
		if src.Bad != 1 || len(rows) != 1 {
			t.Errorf("%s: %d rows, bad %v", name, len(rows), src.BadRows)
		}
	}
}
