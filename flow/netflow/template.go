package netflow

import (
	"errors"
	"fmt"
)

// A template tells how the data records of a set are laid out.
type template struct {
	steps   []step
	least   int  // bytes that a record has at least; never 0
	options bool // records tell about the exporter, not about flows
	varies  bool // records differ in length
}

// A step is a field that we want, or a run of those that we do not.
type step struct {
	is     element
	varies bool // the length stands before the value
	size   int32
}

func (t *template) field(e element, length uint16, varies bool) {
	switch last := len(t.steps) - 1; {
	case varies:
		t.steps = append(t.steps, step{varies: true})
		t.least++
		t.varies = true
		return
	case length == 0:
		return
	case e == skipped && last >= 0 && t.steps[last].is == skipped && !t.steps[last].varies:
		t.steps[last].size += int32(length)
	default:
		t.steps = append(t.steps, step{is: e, size: int32(length)})
	}
	t.least += int(length)
}

// read takes the record at the start of b, of at least t.least bytes, into v
// and tells its length.
func (t *template) read(b []byte, v *values) (n int, ok bool) {
	v.has = 0
	at := 0
	for _, s := range t.steps {
		size := int(s.size)
		if s.varies {
			if at >= len(b) {
				return 0, false
			}
			size = int(b[at])
			if at++; size == 255 {
				if at+2 > len(b) {
					return 0, false
				}
				size = int(u16(b[at:]))
				at += 2
			}
		}
		if at+size > len(b) {
			return 0, false
		}
		if s.is != skipped {
			v.set(s.is, b[at:at+size])
		}
		at += size
	}
	return at, true
}

// Limits of what exporters can make us remember.
const (
	maxDomains   = 4096
	maxTemplates = 8192
	maxSteps     = 1 << 18 // of all templates together
	maxSamplers  = 256     // of one domain
)

var errTemplate = errors.New("template is cut short")

// templates reads a set of templates: of records, or of options. In both,
// v9 and IPFIX are laid out a little differently.
func (d *decoder) templates(b []byte, dom *domain, options bool) error {
	for len(b) >= 4 {
		id, count := u16(b), int(u16(b[2:]))
		if id == 0 && count == 0 {
			return nil // padding
		}
		if dom.ipfix && count == 0 {
			d.withdraw(dom, id)
			b = b[4:]
			continue
		}
		if id < 256 {
			return fmt.Errorf("template has the number %d", id)
		}
		scopes := 0
		b = b[4:]
		if options {
			if len(b) < 2 {
				return errTemplate
			}
			if dom.ipfix {
				scopes = int(u16(b)) // of the fields counted already
			} else { // lengths in bytes: of the scopes, of the options
				scopes = count / 4
				count = scopes + int(u16(b))/4
			}
			b = b[2:]
		}
		t := &template{options: options}
		for i := range count {
			if len(b) < 4 {
				return errTemplate
			}
			number, length, pen := u16(b), u16(b[2:]), uint32(0)
			b = b[4:]
			enterprise := dom.ipfix && number&0x8000 != 0
			if enterprise {
				if len(b) < 4 {
					return errTemplate
				}
				number, pen = number&0x7fff, u32(b)
				b = b[4:]
			}
			e := meaning(number, pen, enterprise, length)
			if !dom.ipfix && i < scopes {
				e = skipped // scopes of v9 have numbers of their own
			}
			t.field(e, length, dom.ipfix && length == 0xffff)
		}
		if t.least == 0 {
			return fmt.Errorf("template %d has records of no bytes", id)
		}
		d.define(dom, id, t)
	}
	return nil
}

// define takes a template, new or in place of another, and reads the data
// that came before it.
func (d *decoder) define(dom *domain, id uint16, t *template) {
	d.forget(dom, id)
	if d.kept.templates == maxTemplates || d.kept.steps+len(t.steps) > maxSteps {
		d.seen.refused++
		return
	}
	d.kept.templates++
	d.kept.steps += len(t.steps)
	dom.templates[id] = t
	d.fillGaps(dom, id, t)
}

// withdraw forgets a template, or all of a domain (RFC 7011, section 8.1).
func (d *decoder) withdraw(dom *domain, id uint16) {
	if id != 2 && id != 3 {
		d.forget(dom, id)
		return
	}
	for n, t := range dom.templates {
		if t.options == (id == 3) {
			d.forget(dom, n)
		}
	}
}

func (d *decoder) forget(dom *domain, id uint16) {
	if old := dom.templates[id]; old != nil {
		d.kept.templates--
		d.kept.steps -= len(old.steps)
		delete(dom.templates, id)
	}
}
