package flood

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"seine/detectors"
	"seine/detectors/internal/course"
	"seine/flow"
)

// hold is for how many minutes an alert is held back, so that it tells the
// whole of a short flood.
const hold = 5

// A campaign is a flood from its first minute of alarm to its last.
type campaign struct {
	on, told      bool
	kind          kind
	start, last   int32
	minutes       int32 // with alarm
	flows, tcp    uint64
	failed        uint64
	packets       uint64
	bytes         uint64
	loose         uint64
	answers       uint64 // bytes of unasked answers
	sourceMinutes float64
	sources       sketch
	insideLooked  uint64
	inside        uint64
	partFlows     uint32 // the most in 10 s
	partPackets   uint32
	partBytes     uint64 // the most in a minute
	port, service uint16
	reported      uint64 // what was the peak when it was last reported
	most          comparison
	entropy, z    [fields]float64
	entropyKnown  bool
	entropyPast   bool
	course        course.Course // packets, or flows where packets are not known, from half an hour before on
}

// alarm adds a minute to the campaign of a victim, a new one if it has none.
func (w *watcher) alarm(h flow.Host, v *victim, b *bucket, k kind, c comparison) {
	sources := &b.suspects
	if k <= requestFlood {
		sources = &b.sources
	}
	p := &v.campaign
	if p.on && b.minute-p.last >= calm {
		w.endCampaign(h, v, true)
	}
	if !p.on {
		*p = campaign{on: true, kind: k, start: b.minute, most: c}
		p.precede(v)
		p.entropy, p.z, p.entropyKnown, p.entropyPast = w.entropies.judge(b.minute)
		if !slices.Contains(w.alarmed, h) {
			w.alarmed = append(w.alarmed, h)
		}
	}
	if k > p.kind {
		p.kind, p.told, p.most = k, false, c
	}
	if c.known && c.z > p.most.z || c.x > p.most.x && c.measure == p.most.measure && !p.most.known {
		p.most = c
	}
	p.last = b.minute
	p.minutes++
	p.course.Add(flow.Time(b.minute)*minute, b.load())
	p.flows += uint64(b.flows)
	p.tcp += uint64(b.tcp)
	p.failed += uint64(b.failed)
	add(&p.packets, b.packets)
	add(&p.bytes, b.bytes)
	add(&p.loose, b.loose)
	add(&p.answers, b.answerBytes)
	p.sourceMinutes += sources.count()
	p.sources.merge(sources)
	p.insideLooked += uint64(b.looked)
	p.inside += uint64(b.inside)
	if n := slices.Max(b.partFlows[:]); n > p.partFlows {
		p.partFlows, p.port, p.service = n, 0, b.service
		if b.onePort() && 2*b.suspicious() >= b.flows {
			p.port = b.port
		}
	}
	p.partPackets = max(p.partPackets, slices.Max(b.partPackets[:]))
	p.partBytes = max(p.partBytes, b.bytes)
	if p.told && p.peak() >= 2*p.reported || !p.told && p.last-p.start >= hold {
		w.report(h, v, false)
	}
}

// peak is what the updates go by.
func (p *campaign) peak() uint64 { return max(uint64(p.partFlows), uint64(p.partPackets), p.partBytes) }

func (w *watcher) endCampaign(h flow.Host, v *victim, recovered bool) {
	w.report(h, v, recovered)
	v.campaign = campaign{}
}

// settled is the kind in view of the whole campaign: forged sources are others
// every minute, clients of a service that is down are the same.
func (p *campaign) settled() kind {
	if p.kind != synFlood || p.minutes < 2 {
		return p.kind
	}
	mean := p.sourceMinutes / float64(p.minutes)
	each := float64(p.failed) / float64(p.minutes) / max(mean, 1)
	if each <= forged && p.sources.count() < 1.5*mean {
		return unansweredSurge
	}
	return p.kind
}

func (w *watcher) report(h flow.Host, v *victim, recovered bool) {
	p := &v.campaign
	p.told, p.reported = true, p.peak()
	k := p.settled()
	rule := w.rules[k]
	if !w.env.Shows(rule) {
		return
	}
	const seconds = float64(part / flow.Second)
	sources := p.sources.count()
	from, to := flow.Time(p.start)*minute, flow.Time(p.last+1)*minute
	subject := detectors.Address(w.env.Addr(h), detectors.RoleDst)
	facts := []detectors.Fact{
		detectors.Text("kind", k.describe(p, sources)),
		detectors.Moment("alert_start", from), detectors.Float("duration", float64(to-from)/float64(flow.Second)), detectors.Bool("ended", recovered),
		detectors.Uint("flows", p.flows), detectors.Float("peak_flows_per_second", float64(p.partFlows)/seconds),
	}
	if p.packets > 0 {
		facts = append(facts, detectors.Uint("packets", p.packets), detectors.Float("peak_packets_per_second", float64(p.partPackets)/seconds))
	}
	if p.bytes > 0 {
		facts = append(facts, detectors.Uint("bytes", p.bytes))
	}
	facts = append(facts, detectors.Uint("sources", uint64(sources+0.5)),
		detectors.Float("internal_share", ratio(p.inside, p.insideLooked)))
	if p.tcp > 0 {
		facts = append(facts, detectors.Uint("tcp_attempts", p.tcp), detectors.Float("unanswered_share", ratio(p.failed, p.tcp)))
	}
	if p.loose > 0 {
		facts = append(facts, detectors.Uint("unanswered_packets", p.loose))
	}
	if k == reflection {
		facts = append(facts, detectors.Uint("unasked_bytes", p.answers), detectors.Uint("service_port", uint64(p.service)))
	}
	if p.port != 0 {
		facts = append(facts, detectors.Uint("dst_port", uint64(p.port)))
	}
	c := &p.most
	facts = append(facts, detectors.Text("measure", measureNames[c.measure]), detectors.Float("value", round(c.x)))
	if c.known {
		facts = append(facts, detectors.Float("median", round(c.median)), detectors.Float("mad", round(c.mad)),
			detectors.Float("z", round(c.z)), detectors.Float("min_z", w.floor.z),
			detectors.Float("ratio", round(c.ratio)), detectors.Float("min_ratio", w.floor.ratio))
		if c.ramp {
			facts = append(facts, detectors.Bool("ramp", true))
		}
	}
	if p.entropyKnown {
		for f, name := range fieldNames {
			facts = append(facts, detectors.Float(name, round(p.entropy[f])))
			if p.entropyPast {
				facts = append(facts, detectors.Float(name+"_z", round(p.z[f])))
			}
		}
	}
	last := to - 1
	a := detectors.Alert{
		Charts: p.charts(),
		Rule:   rule, Confidence: p.confidence(k), Subject: subject, Facts: facts, Summary: w.summary(k, p, subject, sources),
		Window: from, HasWindow: true, Grows: true, Time: last, HasTime: true, FirstSeen: from, LastSeen: last, Flows: p.flows,
		Evidence: w.evidence(v, k, from, to),
	}
	w.env.Report(w.row, a)
}

// evidence are the flows of the sample that lie within the campaign and are of
// its kind.
func (w *watcher) evidence(v *victim, k kind, from, to flow.Time) []flow.Record {
	if v.sample == 0 {
		return nil
	}
	s := &w.samples[v.sample-1]
	var rs []flow.Record
	for i := range s.n {
		r := &s.flows[i]
		if r.Start >= from && r.Start < to && s.suspect[i] == (k > requestFlood) {
			rs = append(rs, *r)
		}
	}
	slices.SortFunc(rs, func(a, b flow.Record) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Row, b.Row)) })
	return detectors.Sample(rs, w.env.Evidence())
}

// confidence is how sure a campaign of a kind is: less where there is no past
// to compare with, more where it lasts or where the addresses of all traffic
// tell of it too.
func (p *campaign) confidence(k kind) float64 {
	c := [kinds]float64{flashCrowd: 0.6, requestFlood: 0.5, unansweredSurge: 0.5, directFlood: 0.7, synFlood: 0.85, reflection: 0.85}[k]
	if !p.most.known {
		c -= 0.2
	}
	if p.minutes >= 3 {
		c += 0.05
	}
	if p.entropyPast && p.z[dstAddr] <= -3 {
		c += 0.05
	}
	return c
}

// describe says in a word what the attack is made of.
func (k kind) describe(p *campaign, sources float64) string {
	switch k {
	case synFlood:
		switch {
		case sources < many:
			return "SYN flood of a few sources"
		case float64(p.failed) <= forged*p.sourceMinutes:
			return "SYN flood of sources that look forged"
		}
		return "SYN flood of many sources"
	case reflection:
		return "reflection by " + serviceName(p.service)
	case directFlood:
		if sources < many {
			return "flood of a few sources"
		}
		return "flood of many sources"
	case unansweredSurge:
		return "connections in vain"
	case requestFlood:
		return "requests of one client"
	}
	return "flash crowd"
}

func serviceName(port uint16) string {
	switch port {
	case 19:
		return "chargen"
	case 53:
		return "DNS"
	case 111:
		return "portmap"
	case 123:
		return "NTP"
	case 161:
		return "SNMP"
	case 389:
		return "CLDAP"
	case 1900:
		return "SSDP"
	case 3702:
		return "WS-Discovery"
	case 5683:
		return "CoAP"
	case 11211:
		return "memcached"
	}
	return fmt.Sprint("UDP port ", port)
}

func (w *watcher) summary(k kind, p *campaign, victim detectors.Subject, sources float64) string {
	what := ""
	switch k {
	case synFlood, unansweredSurge:
		what = fmt.Sprintf("%d of %d TCP connections were not completed (limits: %d a minute, %.0f %%)", p.failed, p.tcp, w.floor.attempts, 100*share)
	case reflection:
		what = fmt.Sprintf("%d bytes of %s answers that it had not asked for (limit %d a minute)", p.answers, serviceName(p.service), w.floor.bytes)
	case directFlood:
		what = fmt.Sprintf("%d of %d packets were not answered (limit %d a minute)", p.loose, p.packets, w.floor.packets)
	default:
		what = fmt.Sprintf("%d flows, which were answered", p.flows)
	}
	against := "with nothing before to compare it with"
	if c := &p.most; c.known {
		against = fmt.Sprintf("%.4g %s a minute against a median of %.4g before", c.x, measureNames[c.measure], c.median)
	}
	lasted := detectors.Span(time.Duration(p.last+1-p.start) * time.Minute)
	article := "a "
	if k == unansweredSurge || k == requestFlood {
		article = ""
	}
	return fmt.Sprintf("%s was sent %s%s for %s by about %.0f sources: %s; %s", victim, article, k.describe(p, sources), lasted, sources, what, against)
}

func ratio(a, b uint64) float64 { return round(float64(a) / float64(max(b, 1))) }

// round keeps three decimals: more would be noise.
func round(v float64) float64 { return math.Round(v*1000) / 1000 }
