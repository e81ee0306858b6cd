package flow_test

import (
	"strings"
	"testing"

	"seine/flow"
)

func TestIdentifiersOfFlowsComeBackAsTheyWere(t *testing.T) {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for _, text := range []string{
		"", "1", "-", "CsGfgy3vC4ydhUKz7", "C1a2b3c4d5e6f7g8h9", "1:LQU9qZlK+B5F3", "123456789012345",
		"1234567890123456", "2147483648123456789", "00000000000000000000", "zzzzzzzzzzzzzzzzzzzz",
		"0000000000000001", "\x00\x00", "\xff\xfe", letters[:20], letters[42:],
	} {
		if got := flow.MakeUID([]byte(text)).String(); got != text {
			t.Errorf("%q came back as %q", text, got)
		}
	}
}

func TestLongIdentifiersOfFlowsAreHashed(t *testing.T) {
	seen := map[string]string{}
	for _, text := range []string{
		"1:LQU9qZlK+B5F3KDmev6m5PMibrg=", "1:LQU9qZlK+B5F3KDmev6m5PMibrf=", // community ids
		"zzzzzzzzzzzzzzzzzzzzz", "zzzzzzzzzzzzzzz-", strings.Repeat("x", 1000),
	} {
		got := flow.MakeUID([]byte(text)).String()
		if len(got) != 16 || got[0] != '~' {
			t.Errorf("%q is shown as %q", text, got)
		}
		if got != flow.MakeUID([]byte(text)).String() {
			t.Errorf("%q has two hashes", text)
		}
		if again := flow.MakeUID([]byte(got)); again != flow.MakeUID([]byte(text)) {
			t.Errorf("%q is not read back", got)
		}
		if other, ok := seen[got]; ok {
			t.Errorf("%q and %q are one", text, other)
		}
		seen[got] = text
	}
}

func FuzzUID(f *testing.F) {
	f.Add([]byte("CsGfgy3vC4ydhUKz7"))
	f.Add([]byte("zzzzzzzzzzzzzzzzzzzz"))
	f.Fuzz(func(t *testing.T, text []byte) {
		u := flow.MakeUID(text)
		if got := u.String(); got != string(text) && (len(text) <= 15 || got[0] != '~') {
			t.Fatalf("%q came back as %q", text, got)
		}
		if (u == flow.UID{}) != (len(text) == 0) {
			t.Fatalf("%q: none and some are confused", text)
		}
		_ = flow.UID([16]byte(append(text, make([]byte, 16)...))).String() // any bytes can be shown
	})
}
