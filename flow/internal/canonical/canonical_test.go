package canonical_test

import (
	"testing"

	"seine/flow"
	"seine/flow/internal/canonical"
	"seine/flow/internal/columns"
)

// The reader of tables knows every column, and takes none for another.
func TestColumnsAreKnown(t *testing.T) {
	var names []string
	for _, c := range canonical.Columns() {
		names = append(names, c.Name)
	}
	m, err := columns.Map(names, nil)
	if err != nil {
		t.Fatal(err)
	}
	known := 0
	for f := columns.Start; f.Valid(); f++ {
		i := m.Column(f)
		switch {
		case f == columns.End: // told by the duration
			if i >= 0 {
				t.Errorf("%s is taken for an end", names[i])
			}
			continue
		case i < 0:
			t.Errorf("no column for %s", f)
			continue
		}
		known++
		want := f.String()
		switch f {
		case columns.SrcFlags:
			want = "tcp_flags_src"
		case columns.DstFlags:
			want = "tcp_flags_dst"
		}
		if names[i] != want {
			t.Errorf("%s is read from %s", f, names[i])
		}
	}
	if known+2 != len(names) { // the place of a record is where it now stands
		t.Errorf("%d of %d columns are read back", known, len(names))
	}
}

func TestSecondsAreExact(t *testing.T) {
	for d, want := range map[flow.Time]string{
		0: "0", 1: "0.000000001", flow.Second: "1", 3 * flow.Second / 2: "1.5", 10*flow.Second + 10: "10.00000001",
		flow.MaxTime: "9223372036.854775807", -5: "0",
	} {
		if got := string(canonical.AppendSeconds(nil, d)); got != want {
			t.Errorf("%d ns is %s s, want %s", d, got, want)
		}
	}
}

func TestRulesOfOrientation(t *testing.T) {
	for o := flow.OrientSource; o <= flow.OrientGuess; o++ {
		if got := canonical.ParseOrient([]byte(o.String())); got != o {
			t.Errorf("%s reads as %s", o, got)
		}
	}
	if got := canonical.ParseOrient([]byte("quux")); got != flow.OrientGuess {
		t.Errorf("quux reads as %s", got)
	}
}
