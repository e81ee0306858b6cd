package builtin_test
import ("testing";"seine/detectors/internal/office")
func TestTmp(t *testing.T) {
	_, r, f := observe(t, office.Options{Seed: 1, Days: 7, People: 60})
	for _, a := range f {
		if a.Detector.ID == "beacon" && a.Subject.Src.String() == "10.20.10.64" && a.Subject.Dst.String() == "10.20.1.85" {
			t.Log(a.Window, a.FirstSeen, a.LastSeen, a.Confidence, a.Count, a.Summary)
		}
	}
	n:=0
	for _, a := range r {
		if a.Detector.ID == "beacon" && a.Subject.Src.String() == "10.20.10.64" && a.Subject.Dst.String() == "10.20.1.85" {
			n++
			if n < 40 { t.Log("raised", a.Window, a.Time, a.LastSeen, a.Confidence, a.Grows, a.Summary) }
		}
	}
}
