// Package risk ranks the hosts of a run by what the findings say of them.
//
// Each finding accuses at most one host (detectors.Alert.Accused). How much
// it counts is the weight of its severity times its confidence, and findings
// add up like independent doubts: the host is innocent only if every one of
// them is wrong, so that the score is 100·(1 − ∏(1 − weight·confidence)). It
// stays below 100, depends on no order, and grows with each finding.
//
// The weights are 0.1 for low, 0.3 for medium, 0.6 for high and 0.9 for
// critical; info does not count. A detector that has no say about its
// confidence counts with 0.5. Findings of the same rule are no independent
// doubts: the strongest counts in full, the second half, the third a quarter,
// up to the fifth, so that a rule alone gives at most 19 by low, 49 by medium,
// 79 by high and 97 by critical findings, however often it speaks.
//
// Where lists of machines tell how much depends on one (annotations with the
// key criticality), a finding about or aimed at a machine of high criticality
// counts one and a half times, of critical twice: its doubt is raised to that
// power, so that a score stays under 100 and its order does not matter.
//
// A story tells the rules that give a score of 10 by themselves, in the order
// in which they first spoke, and names the tactics of MITRE ATT&CK that they
// pass through where those follow the order of an attack.
//
// Findings that have a host for their target are told with it, and leave its
// score alone. A [analyzer.Sink] of this package goes behind the fold and
// before the outputs, which get the ranking with the summary of the run.
package risk
