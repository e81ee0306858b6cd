package main

import (
	"strings"

	"seine/flow/enrich/assets"
)

// rolesOf tells which roles of machines change what the rules of a detector
// say; nothing where none does.
func rolesOf(info detectorInfo) string {
	rows := [][]string{{"rule", "expected of", "expected towards", "unlikely of"}}
	for _, r := range info.Rules {
		if len(r.Expects)+len(r.ExpectsAt)+len(r.Unlike) > 0 {
			rows = append(rows, []string{r.ID, roleNames(r.Expects), roleNames(r.ExpectsAt), roleNames(r.Unlike)})
		}
	}
	if len(rows) == 1 {
		return ""
	}
	return "\nROLES (--assets; what is expected is told as info, what is unlikely is surer)\n\n" + aligned("  ", rows)
}

func roleNames(roles []assets.Role) string {
	if len(roles) == 0 {
		return "-"
	}
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}
