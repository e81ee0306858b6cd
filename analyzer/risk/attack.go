package risk

import (
	"strings"

	"seine/analyzer"
)

// A side is where a host stands.
type side uint8

const (
	anySide side = iota // not known, or of no matter
	inside
	outside
)

// A chainLink is a tactic, and the side that it is told from.
type chainLink struct {
	analyzer.Tactic
	from side
}

// killChain are the tactics of MITRE ATT&CK that flows can show, in the order
// of the Unified Kill Chain (P. Pols, 2017), which unlike the columns of
// ATT&CK means an order in time. Some are told from the side that the host
// stands on: the same probing is discovery inside and reconnaissance from
// outside.
var killChain = [...]chainLink{
	{analyzer.Tactic{ID: "TA0043", Name: "reconnaissance"}, outside},
	{analyzer.Tactic{ID: "TA0001", Name: "initial access"}, anySide},
	{analyzer.Tactic{ID: "TA0011", Name: "command and control"}, anySide},
	{analyzer.Tactic{ID: "TA0007", Name: "discovery"}, inside},
	{analyzer.Tactic{ID: "TA0006", Name: "credential access"}, anySide},
	{analyzer.Tactic{ID: "TA0008", Name: "lateral movement"}, inside},
	{analyzer.Tactic{ID: "TA0009", Name: "collection"}, anySide},
	{analyzer.Tactic{ID: "TA0010", Name: "exfiltration"}, anySide},
	{analyzer.Tactic{ID: "TA0040", Name: "impact"}, anySide},
}

// techniques are the techniques that detectors name, by tactic. One that
// ATT&CK lists under several stands under that which flows can show.
var techniques = index(map[string]string{
	"TA0043": "T1590 T1592 T1595 T1596 T1598",
	"TA0001": "T1078 T1133 T1189 T1190 T1199 T1200 T1566",
	"TA0011": "T1001 T1008 T1071 T1090 T1092 T1095 T1102 T1104 T1105 T1132 T1205 T1219 T1568 T1571 T1572 T1573 T1659",
	"TA0007": "T1007 T1016 T1018 T1046 T1049 T1087 T1135 T1482",
	"TA0006": "T1040 T1110 T1187 T1557 T1558",
	"TA0008": "T1021 T1080 T1210 T1534 T1550 T1563 T1570",
	"TA0009": "T1005 T1039 T1074 T1119 T1213 T1560 T1602",
	"TA0010": "T1011 T1020 T1029 T1030 T1041 T1048 T1537 T1567",
	"TA0040": "T1485 T1486 T1489 T1490 T1496 T1498 T1499 T1565",
})

// index gives the place in killChain of each technique.
func index(byTactic map[string]string) map[string]int {
	places := map[string]int{}
	for i, t := range killChain {
		for _, technique := range strings.Fields(byTactic[t.ID]) {
			places[technique] = i
		}
	}
	return places
}

// reached is the place in killChain of the tactic that a rule with these
// techniques shows of a host on a side: that of the first technique which
// suits the side, or else of the first that is known. A rule lists its
// techniques with the likeliest first; the others are no steps of their own.
func reached(ids []string, of side) (place int, ok bool) {
	for _, id := range ids {
		base, _, _ := strings.Cut(id, ".")
		at, known := techniques[base]
		if !known {
			continue
		}
		if from := killChain[at].from; from == anySide || of == anySide || from == of {
			return at, true
		}
		if !ok {
			place, ok = at, true
		}
	}
	return place, ok
}
