package assets

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// isHosts reports whether a text looks like a hosts file: the first line that
// is no comment begins with an address, a blank, and a name.
func isHosts(head string) bool {
	for line := range strings.Lines(head) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		_, err := netip.ParseAddr(words[0])
		return err == nil && len(words) > 1 && !strings.ContainsAny(line, ",;")
	}
	return false
}

// hosts reads a hosts file: an address, names, and behind # what else is known
// as key=value.
func (in *reading) hosts(data []byte) {
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		entry, comment, _ := strings.Cut(line, "#")
		words := strings.Fields(entry)
		if len(words) == 0 {
			continue
		}
		var v values
		v.put(addressField, words[0])
		if len(words) > 1 {
			v.put(nameField, words[1])
		}
		for _, p := range pairs(comment) {
			if f := fieldOf(p[0]); f != addressField && f != nameField {
				v.put(f, p[1])
			}
		}
		in.take(n, &v)
	}
}

// pairs finds key=value in a comment; values may be in quotes.
func pairs(s string) (all [][2]string) {
	for {
		key, rest, ok := strings.Cut(s, "=")
		if !ok {
			return all
		}
		if i := strings.LastIndexAny(key, " \t,;"); i >= 0 {
			key = key[i+1:]
		}
		value := ""
		if quoted := strings.TrimPrefix(rest, `"`); len(quoted) < len(rest) {
			value, s, _ = strings.Cut(quoted, `"`)
		} else if i := strings.IndexAny(rest, " \t\r\n"); i >= 0 {
			value, s = rest[:i], rest[i:]
		} else {
			value, s = rest, ""
		}
		all = append(all, [2]string{key, value})
	}
}

// csv reads a table with a header, or one without whose columns are address,
// name, role, owner, criticality.
func (in *reading) csv(data []byte) error {
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord, r.TrimLeadingSpace, r.Comment = separator(data), true, -1, true, '#'
	r.ReuseRecord = true
	var columns []field
	for {
		row, err := r.Read()
		if err == io.EOF {
			return nil
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			in.fault(wrong.Line, wrong.Err.Error())
			continue
		}
		if err != nil {
			return err
		}
		line, _ := r.FieldPos(0)
		if columns == nil {
			if columns, err = header(row); err != nil {
				return fmt.Errorf("line %d: %w", line, err)
			}
			if columns != nil {
				continue
			}
			columns = []field{addressField, nameField, roleField, ownerField, levelField}
		}
		var v values
		empty := true
		for i, cell := range row {
			if i < len(columns) {
				v.put(columns[i], cell)
			}
			empty = empty && strings.TrimSpace(cell) == ""
		}
		if !empty {
			in.take(line, &v)
		}
	}
}

// header finds the columns by their names; nil where the row is no header. Of
// several columns for a name the one with the better known name counts.
func header(row []string) ([]field, error) {
	if _, err := prefixes(strings.TrimSpace(row[0])); err == nil {
		return nil, nil
	}
	columns := make([]field, len(row))
	var best [fieldCount]int // rank of the name taken, from 1
	var at [fieldCount]int
	for i, name := range row {
		f := fieldOf(name)
		if f == noField {
			continue
		}
		rank := 1
		for _, known := range fieldNames[f] {
			if known == foldName(name) {
				break
			}
			rank++
		}
		switch {
		case f == addressField: // an address of IPv4 and one of IPv6
		case best[f] == 0:
		case rank < best[f]:
			columns[at[f]] = noField
		default:
			continue
		}
		columns[i], best[f], at[f] = f, rank, i
	}
	if best[addressField] == 0 {
		return nil, fmt.Errorf("no column for the address: it has %s; %s", listed(row), accepted)
	}
	return columns, nil
}

// listed writes the first names of columns.
func listed(cells []string) string {
	const most = 12
	var names []string
	for _, c := range cells[:min(len(cells), most)] {
		names = append(names, fmt.Sprintf("%q", cut(c)))
	}
	if len(cells) > most {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// separator is the sign of ',', ';' and tab that the first line of a table has
// most of.
func separator(data []byte) rune {
	for line := range bytes.Lines(data) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		best, most := ',', 0
		for _, sep := range ",;\t" {
			if n := bytes.Count(line, []byte(string(sep))); n > most {
				best, most = sep, n
			}
		}
		return best
	}
	return ','
}
