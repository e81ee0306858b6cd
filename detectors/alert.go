package detectors

import (
	"fmt"
	"strings"

	"seine/flow"
)

// Severity is what a finding would mean if it is true.
type Severity uint8

// The severities.
const (
	Info Severity = iota
	Low
	Medium
	High
	Critical
	Severities // their number
)

var severityNames = [Severities]string{"info", "low", "medium", "high", "critical"}

// String names the severity.
func (s Severity) String() string {
	if s >= Severities {
		return fmt.Sprintf("severity(%d)", uint8(s))
	}
	return severityNames[s]
}

// ParseSeverity reads the name of a severity.
func ParseSeverity(name string) (Severity, error) {
	for i, n := range severityNames {
		if strings.EqualFold(n, name) {
			return Severity(i), nil
		}
	}
	return 0, fmt.Errorf("unknown severity %q (known: %s)", name, strings.Join(severityNames[:], ", "))
}

// An Alert is one finding. A detector fills the first part; the engine the
// second.
type Alert struct {
	Rule       *Rule
	Severity   Severity // zero means that of the rule; see Raise for Info
	Confidence float64  // 0…1, how sure; 0 means that the detector has no say
	Subject    Subject
	Summary    string // one sentence with the numbers and what they are compared with
	Facts      []Fact // every number that decided, with its threshold
	// Window is the start of the window or campaign that the alert is about,
	// if it has one: part of the alert's identity.
	Window    flow.Time
	HasWindow bool
	// Grows says that this tells anew, and in whole, what an earlier alert
	// with the same rule, subject and Window told when it was smaller: a
	// finding then has the words and numbers of the last of them.
	Grows bool
	// Evidence are the supporting flows, or a sample: the first, the last,
	// then the largest. Empty means the flow given to Env.Report.
	Evidence []flow.Record
	Flows    uint64 // how many flows support it; 0 means len(Evidence)
	Charts   []Chart

	Detector            *Detector
	Time                flow.Time // event time; zero before the engine fills it unless HasTime
	HasTime             bool
	Count               uint64 // how often the same finding was met
	FirstSeen, LastSeen flow.Time
	ID                  string // of a finding that is read back; else outputs work it out
	Status              Status // against an earlier run
	Worse               bool   // known, and more severe than it was
	Annotations         []Annotation
}

// A Subject is what an alert is about: one address in a role, a pair of
// addresses, a port, as far as each applies.
type Subject struct {
	Has      SubjectFields
	Role     Role
	Protocol flow.Proto
	DstPort  uint16
	IP       flow.Addr
	Src, Dst flow.Addr
	Group    string // what else tells it apart, as "service=ssl"; may come from the input
}

// SubjectFields tells which parts of a Subject are set.
type SubjectFields uint8

// The parts of a Subject.
const (
	SubjectIP SubjectFields = 1 << iota // IP and Role
	SubjectPair
	SubjectPort
	SubjectProtocol
	SubjectGroup
)

// Role is the part that an address plays in a flow.
type Role uint8

// The roles.
const (
	NoRole Role = iota
	RoleSrc
	RoleDst
)

// String is "src", "dst" or empty.
func (r Role) String() string { return [...]string{"", "src", "dst"}[r] }

// Address is the subject of one address in a role.
func Address(ip flow.Addr, role Role) Subject {
	return Subject{Has: SubjectIP, IP: ip, Role: role}
}

// Pair is the subject of two addresses.
func Pair(src, dst flow.Addr) Subject {
	return Subject{Has: SubjectPair, Src: src, Dst: dst}
}

// WithPort adds a destination port.
func (s Subject) WithPort(port uint16) Subject {
	s.Has |= SubjectPort
	s.DstPort = port
	return s
}

// WithProtocol adds a protocol, unless it is not known.
func (s Subject) WithProtocol(p flow.Proto) Subject {
	if p == flow.ProtoUnknown {
		return s
	}
	s.Has |= SubjectProtocol
	s.Protocol = p
	return s
}

// WithGroup adds what else tells the subject apart.
func (s Subject) WithGroup(group string) Subject {
	s.Has |= SubjectGroup
	s.Group = group
	return s
}

// String writes the subject in a few words: "10.0.0.1", "10.0.0.1 →
// 10.0.0.2:22/tcp", "port 22".
func (s Subject) String() string {
	var b strings.Builder
	port := func() {
		if s.Has&SubjectPort != 0 {
			fmt.Fprintf(&b, ":%d", s.DstPort)
		}
	}
	switch {
	case s.Has&SubjectIP != 0:
		b.WriteString(s.IP.String())
		if s.Has&SubjectPort != 0 {
			fmt.Fprintf(&b, " port %d", s.DstPort)
		}
	case s.Has&SubjectPair != 0:
		b.WriteString(s.Src.String())
		b.WriteString(" → ")
		if d := s.Dst.String(); s.Has&SubjectPort != 0 && strings.Contains(d, ":") {
			b.WriteString("[" + d + "]")
		} else {
			b.WriteString(d)
		}
		port()
	case s.Has&SubjectPort != 0:
		fmt.Fprintf(&b, "port %d", s.DstPort)
	}
	if s.Has&SubjectProtocol != 0 {
		b.WriteString("/" + s.Protocol.String())
	}
	if s.Has&SubjectGroup != 0 {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s.Group)
	}
	return b.String()
}
