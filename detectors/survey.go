package detectors

import (
	"seine/detectors/internal/contact"
	"seine/detectors/internal/network"
	"seine/flow"
)

// A Surveyor finds out what every detector would ask of a row. The engine has
// one, so that it is found out once.
type Surveyor struct{ network *network.Network }

// NewSurveyor makes a Surveyor for the network that set describes. What is wrong
// with the description, the detectors that go by it say.
func NewSurveyor(set Settings) *Surveyor { return &Surveyor{NewEnv(&Detector{}, set).Network()} }

// Survey fills in the survey of each row.
func (s *Surveyor) Survey(rs []flow.Record) {
	for i := range rs {
		r := &rs[i]
		r.SrcKind, r.DstKind = s.network.Kind(r.Src), s.network.Kind(r.Dst)
		survey(r)
	}
}

// survey fills in what a row tells without its network.
func survey(r *flow.Record) {
	r.Outcome, r.Reply, r.Backscatter = contact.Of(r), contact.Reply(r), contact.Backscatter(r)
}
