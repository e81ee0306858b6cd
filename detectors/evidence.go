package detectors

import (
	"cmp"
	"slices"

	"seine/flow"
)

// Sample chooses at most n of the flows rs, which are in input order, as
// evidence: the first, the last, then the others from the largest (by
// Record.Bytes) down, the earlier of two equals first. With n of zero or less
// it gives all of them in input order. It neither changes nor keeps rs.
func Sample(rs []flow.Record, n int) []flow.Record {
	if n <= 0 || len(rs) < 2 {
		return slices.Clone(rs)
	}
	n = min(n, len(rs))
	out := make([]flow.Record, 0, n)
	out = append(out, rs[0])
	if n > 1 {
		out = append(out, rs[len(rs)-1])
	}
	if n <= 2 {
		return out
	}
	between := rs[1 : len(rs)-1]
	order := make([]int, len(between))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		if c := cmp.Compare(between[j].Bytes(), between[i].Bytes()); c != 0 {
			return c
		}
		return cmp.Compare(i, j)
	})
	for _, i := range order[:n-2] {
		out = append(out, between[i])
	}
	return out
}
