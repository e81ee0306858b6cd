package stats

import (
	"fmt"
	"strconv"
	"strings"

	"seine/flow"
	"seine/flow/enrich/assets"
)

// places are the fields that databases tell of addresses, see Options.Geo.
func places() []*field {
	country := func(e end) func(*Options) *dimension {
		return func(o *Options) *dimension {
			w := &wordbook{numbers: map[string]uint64{}}
			return looked(e, func(a flow.Addr) (uint64, bool) {
				p := o.Geo.Lookup(a)
				return w.number(p.Country), p.Country != ""
			}, func(b []byte, v uint64) []byte { return append(b, w.words[v]...) })
		}
	}
	system := func(e end) func(*Options) *dimension {
		return func(o *Options) *dimension {
			names := map[uint64]string{}
			return looked(e, func(a flow.Addr) (uint64, bool) {
				p := o.Geo.Lookup(a)
				if _, ok := names[uint64(p.ASN)]; !ok && len(names) < maxLooked {
					names[uint64(p.ASN)] = p.Org
				}
				return uint64(p.ASN), p.ASN != 0
			}, func(b []byte, v uint64) []byte {
				b = strconv.AppendUint(append(b, "AS"...), v, 10)
				if names[v] != "" {
					b = append(append(b, ' '), names[v]...)
				}
				return b
			})
		}
	}
	asset := func(e end, tell func(*assets.Asset) string) func(*Options) *dimension {
		return func(o *Options) *dimension {
			w := &wordbook{numbers: map[string]uint64{}}
			return looked(e, func(a flow.Addr) (uint64, bool) {
				known := o.Assets.Lookup(a)
				if known == nil || tell(known) == "" {
					return 0, false
				}
				return w.number(tell(known)), true
			}, func(b []byte, v uint64) []byte { return append(b, w.words[v]...) })
		}
	}
	name := func(a *assets.Asset) string { return a.Name }
	roles := func(a *assets.Asset) string {
		var all []string
		for _, r := range a.Roles {
			all = append(all, string(r))
		}
		return strings.Join(all, "+")
	}
	var all []*field
	for i, prefix := range []string{"src_", "dst_", ""} {
		what := [...]string{"of the originator", "of the responder", "of either address"}[i]
		all = append(all,
			&field{name: prefix + "country", doc: "country " + what + " (--geo)", make: country(end(i))},
			&field{name: prefix + "asn", doc: "autonomous system " + what + " (--geo)", make: system(end(i))},
			&field{name: prefix + "asset", doc: "name of the machine " + what + " (--assets)", make: asset(end(i), name)},
			&field{name: prefix + "role", doc: "roles of the machine " + what + " (--assets)", make: asset(end(i), roles)})
	}
	return all
}

// source tells what a field needs that the options do not have.
func (o *Options) source(field string) error {
	name := strings.TrimPrefix(strings.TrimPrefix(field, "src_"), "dst_")
	switch {
	case (name == "country" || name == "asn") && o.Geo == nil:
		return fmt.Errorf("%s needs a database of places: --geo FILE", field)
	case (name == "asset" || name == "role") && o.Assets == nil:
		return fmt.Errorf("%s needs a list of machines: --assets FILE", field)
	}
	return nil
}

// maxLooked bounds what is remembered of addresses looked up.
const maxLooked = 1 << 19

// looked is a dimension of what is looked up of addresses.
func looked(e end, lookup func(flow.Addr) (uint64, bool), text func([]byte, uint64) []byte) *dimension {
	known := map[flow.Addr]uint64{}
	return &dimension{words: 1, needs: flow.HasAddrs, either: e == ofEither,
		text: func(b []byte, value []uint64) []byte { return text(b, value[0]) },
		fill: func(rows []flow.Record, turned bool, out []uint64, stride int) {
			for i := range rows {
				r := &rows[i]
				a := &r.Src
				if e == ofDst || turned && e == ofEither {
					a = &r.Dst
				}
				v, ok := known[*a]
				if !ok {
					if v, ok = lookup(*a); !ok {
						v = none
					}
					if len(known) >= maxLooked {
						clear(known)
					}
					known[*a] = v
				}
				if r.Has&flow.HasAddrs == 0 {
					v = none
				}
				out[i*stride] = v
			}
		}}
}

// A wordbook numbers words.
type wordbook struct {
	words   []string
	numbers map[string]uint64
}

func (w *wordbook) number(word string) uint64 {
	n, ok := w.numbers[word]
	if !ok {
		n = uint64(len(w.words))
		w.words = append(w.words, word)
		w.numbers[word] = n
	}
	return n
}
