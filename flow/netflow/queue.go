package netflow

import "seine/flow"

// A queue holds decoded records until they are read. Data whose template is
// still to come leaves a gap; what comes behind a gap waits for it, so that
// records keep the order of their export.
type queue struct {
	rows []flow.Record // may be read from at
	at   int
	gaps []gap
	held struct{ rows, bytes int } // behind and in gaps
}

// A gap is a set that cannot be read yet, and the records behind it.
type gap struct {
	pending
	rows []flow.Record
}

// pending is a set of data without a template, with its circumstances.
type pending struct {
	dom  *domain
	id   uint16
	head header
	body []byte
}

// Limits of what is held back.
const (
	maxGaps      = 1024
	maxHeldRows  = 1 << 16
	maxHeldBytes = 4 << 20
)

// add makes room for a record at the end.
func (q *queue) add() *flow.Record {
	to := &q.rows
	if n := len(q.gaps); n > 0 {
		to = &q.gaps[n-1].rows
		q.held.rows++
	}
	*to = append(*to, flow.Record{})
	return &(*to)[len(*to)-1]
}

// read moves records to dst.
func (q *queue) read(dst []flow.Record) int {
	n := copy(dst, q.rows[q.at:])
	if q.at += n; q.at == len(q.rows) {
		q.rows, q.at = q.rows[:0], 0
	}
	return n
}

// hold keeps a set until its template comes.
func (d *decoder) hold(p pending) {
	q := &d.out
	p.body = append([]byte(nil), p.body...)
	q.gaps = append(q.gaps, gap{pending: p})
	q.held.bytes += len(p.body)
	d.relieve()
}

// relieve gives up the first gaps while more is held than may be.
func (d *decoder) relieve() {
	q := &d.out
	n := 0
	for n < len(q.gaps) && (len(q.gaps)-n > maxGaps || q.held.rows > maxHeldRows || q.held.bytes > maxHeldBytes) {
		d.giveUp(&q.gaps[n])
		n++
	}
	if n > 0 {
		q.gaps = append(q.gaps[:0], q.gaps[n:]...)
	}
}

func (d *decoder) giveUp(g *gap) {
	d.seen.lose(g.id, len(g.body))
	d.out.rows = append(d.out.rows, g.rows...)
	d.out.held.rows -= len(g.rows)
	d.out.held.bytes -= len(g.body)
	*g = gap{}
}

// fillGaps reads the sets that waited for a template.
func (d *decoder) fillGaps(dom *domain, id uint16, t *template) {
	gaps := d.out.gaps
	waiting := false
	for i := range gaps {
		waiting = waiting || gaps[i].dom == dom && gaps[i].id == id
	}
	if !waiting {
		return
	}
	// The gaps that stay are put back one by one, so that the records of
	// those that are filled go where they belong.
	d.out.gaps, d.out.held.rows = nil, 0
	for i := range gaps {
		g := &gaps[i]
		if g.dom == dom && g.id == id {
			d.out.held.bytes -= len(g.body)
			d.seen.waited++
			if err := d.data(g.body, t, dom, &g.head); err != nil {
				d.seen.misfits++
			}
			if n := len(d.out.gaps); n > 0 {
				d.out.gaps[n-1].rows = append(d.out.gaps[n-1].rows, g.rows...)
				d.out.held.rows += len(g.rows)
			} else {
				d.out.rows = append(d.out.rows, g.rows...)
			}
			continue
		}
		d.out.gaps = append(d.out.gaps, *g)
		d.out.held.rows += len(g.rows)
	}
}

// giveUpAll ends all waiting.
func (d *decoder) giveUpAll() {
	for i := range d.out.gaps {
		d.giveUp(&d.out.gaps[i])
	}
	d.out.gaps = nil
}
