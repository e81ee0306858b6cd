package awsvpc

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/near"
)

// anyColumn stands in --fields for a column that is passed over.
const anyColumn = "-"

// fieldNames reads what --fields says: names as AWS spells them, or the
// format of the flow log, "${version} ${srcaddr} …".
func fieldNames(given []string) ([]string, error) {
	var names []string
	for _, text := range given {
		for _, n := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\n' }) {
			n = strings.TrimSuffix(strings.TrimPrefix(n, "${"), "}")
			if dashed := strings.ReplaceAll(n, "_", "-"); slices.Contains(documented, dashed) { // as in Parquet
				n = dashed
			}
			if n != anyColumn && !slices.Contains(documented, n) {
				return nil, fmt.Errorf("--fields: %q is no field of an AWS flow log%s; %q passes a column over (fields: %s)",
					n, nearest(n), anyColumn, strings.Join(documented, " "))
			}
			if n != anyColumn && slices.Contains(names, n) {
				return nil, fmt.Errorf("--fields: %s is named twice", n)
			}
			names = append(names, n)
		}
	}
	return names, nil
}

// nearest suggests the field that name probably means.
func nearest(name string) string {
	folded := columns.Fold(name)
	for _, n := range documented {
		if f := columns.Fold(n); f == folded || columns.ByName(name) != columns.None && columns.Fold(canonicalName(n)) == folded {
			return fmt.Sprintf("; did you mean %q?", n)
		}
	}
	best, least := "", 3 // edits
	for _, n := range documented {
		if d := near.Distance(folded, columns.Fold(n)); d < least {
			best, least = n, d
		}
	}
	if best != "" && least < len(folded) {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	for _, n := range documented {
		if f := columns.Fold(n); len(folded) > 2 && (strings.Contains(f, folded) || strings.Contains(folded, f)) {
			return fmt.Sprintf("; did you mean %q?", n)
		}
	}
	return ""
}

// canonicalName is what Seine calls the field, or nothing.
func canonicalName(name string) string {
	for c := range columnCount {
		if columnNames[c] == name && canonical[c].field != columns.None {
			return canonical[c].field.String()
		}
	}
	return ""
}

// headerless tells the layout of a row without a header above it, in the
// order given or else in the documented one; nil if it is no such row. A time
// of delivery, and a log stream behind that, are what CloudWatch and "aws logs
// tail" put before the row, with blanks or tabs between.
func headerless(line []byte, given []string) *layout {
	l := &layout{given: given != nil}
	if i := bytes.LastIndexByte(line, '\t'); i >= 0 {
		l.tabbed = true
		line = line[i+1:]
	}
	t := strings.Fields(string(line))
	for _, before := range [][]string{{}, {"(time of delivery)"}, {"(time of delivery)", "(log stream)"}} {
		if len(before) > 0 && (len(t) == 0 || !delivery(t[0])) || len(t) < len(before) {
			break
		}
		row := t[len(before):]
		switch {
		case given != nil && (len(row) == len(given)):
			l.names = append(before, given...)
			return l
		case given == nil && documentedRow(row):
			l.names = append(before, documented[:len(row)]...)
			return l
		}
	}
	return nil
}

// delivery reports whether a token is a time as CloudWatch writes it.
func delivery(t string) bool {
	return len(t) >= 19 && t[4] == '-' && t[7] == '-' && t[10] == 'T' && t[13] == ':'
}

// documentedRow reports whether t has the fields of some version, in order.
func documentedRow(t []string) bool {
	if !slices.Contains(versionEnds, len(t)) {
		return false
	}
	if v, err := strconv.Atoi(t[0]); err != nil || v < 2 || v > 99 {
		return false
	}
	addr := func(s string) bool {
		_, err := flow.ParseAddr([]byte(s))
		return err == nil || s == "-"
	}
	number := func(s string) bool {
		_, err := strconv.ParseUint(s, 10, 64)
		return err == nil || s == "-"
	}
	switch {
	case !slices.Contains([]string{"ACCEPT", "REJECT", "-"}, t[12]),
		!slices.Contains([]string{"OK", "NODATA", "SKIPDATA"}, t[13]),
		!addr(t[3]), !addr(t[4]), !number(t[5]), !number(t[6]), !number(t[7]), !number(t[8]), !number(t[9]),
		!number(t[10]), !number(t[11]):
		return false
	}
	return len(t) < 21 || number(t[17]) && addr(t[19]) && addr(t[20])
}
