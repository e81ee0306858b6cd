package analyzer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
	"seine/flow/enrich"
	"seine/flow/enrich/assets"
	"seine/flow/enrich/geo"
	"seine/flow/enrich/intel"
	"seine/flow/enrich/inventory"
	"seine/flow/enrich/provenance"
)

// keeper keeps alerts.
type keeper struct {
	alerts []*detectors.Alert
	sum    *analyzer.Summary
}

func (k *keeper) Alert(a *detectors.Alert) error { k.alerts = append(k.alerts, a); return nil }

func (k *keeper) Close(s *analyzer.Summary) error { k.sum = s; return nil }

func file(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func ip(t testing.TB, s string) flow.Addr {
	t.Helper()
	a, err := flow.ParseAddr([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// notesOf are the annotations of an alert, a line each, without folders.
func notesOf(a *detectors.Alert) string {
	var b strings.Builder
	for _, n := range a.Annotations {
		fmt.Fprintf(&b, "%s %s %s (%s)\n", n.IP, n.Key, n.Value, filepath.Base(n.Source))
	}
	return b.String()
}

func TestAnnotations(t *testing.T) {
	var k enrich.Knowledge
	var err error
	if k.Assets, _, err = assets.Load([]string{file(t, "assets.csv", "ip,name,role,owner,criticality\n10.0.0.0/8,,,net,\n10.0.0.5,nas,backup|server,it,high\n")}); err != nil {
		t.Fatal(err)
	}
	if k.Geo, _, err = geo.Load([]string{file(t, "geo.csv", "network,country,asn,as_name\n198.18.7.0/24,NL,64500,"+strings.Repeat("long ", 100)+"\n8.8.0.0/16,US,64501,Example\n")}); err != nil {
		t.Fatal(err)
	}
	if k.Intel, err = intel.Load([]string{file(t, "list.txt", "8.8.4.4\n8.8.0.0/16\n")}, intel.Options{}); err != nil {
		t.Fatal(err)
	}
	entry := provenance.Entry{File: "scan.xml", Line: 4}
	cve := func(id string, cvss float64, kev bool) inventory.Vulnerability {
		return inventory.Vulnerability{ID: id, CVSS: cvss, KEV: kev}
	}
	k.Inventory = inventory.New([]*inventory.Service{
		{Entry: entry, Addr: ip(t, "10.0.0.5"), Proto: flow.TCP, Port: 22, Product: "OpenSSH", Version: "7.4", CVEs: []inventory.Vulnerability{cve("CVE-2016-10009", 7.5, false), cve("CVE-2016-10012", 7, false)}},
		{Entry: entry, Addr: ip(t, "10.0.0.5"), Proto: flow.TCP, Port: 80},
		{Entry: entry, Addr: ip(t, "10.0.0.5"), Proto: flow.TCP, Port: 445, CVEs: []inventory.Vulnerability{cve("CVE-2017-0144", 8.1, true)}},
	})
	nas := "10.0.0.5 asset nas (assets.csv:3)\n10.0.0.5 role backup (assets.csv:3)\n10.0.0.5 role server (assets.csv:3)\n" +
		"10.0.0.5 owner it (assets.csv:3)\n10.0.0.5 criticality high (assets.csv:3)\n"
	smb := "10.0.0.5 service 445/tcp: CVE-2017-0144 (CVSS 8.1, known to be exploited) (scan.xml:4)\n"
	ssh := "10.0.0.5 service 22/tcp OpenSSH 7.4: CVE-2016-10009 (CVSS 7.5), 1 more (scan.xml:4)\n"
	listed := "8.8.4.4 country US (geo.csv:3)\n8.8.4.4 asn AS64501 Example (geo.csv:3)\n8.8.4.4 intel listed (list.txt:1)\n8.8.4.4 intel listed (list.txt:2)\n"
	rule := &detectors.Rule{ID: "r"}
	for _, c := range []struct {
		name    string
		subject detectors.Subject
		want    string
	}{
		{"an address", detectors.Address(ip(t, "10.0.0.5"), detectors.RoleSrc), nas + smb + ssh},
		{"its services are those of all ports where it is the source", detectors.Address(ip(t, "10.0.0.5"), detectors.RoleSrc).WithPort(22), nas + smb + ssh},
		{"a victim at a port", detectors.Address(ip(t, "10.0.0.5"), detectors.RoleDst).WithPort(22), nas + ssh},
		{"a pair", detectors.Pair(ip(t, "10.0.0.5"), ip(t, "8.8.4.4")).WithPort(443), nas + smb + ssh + listed},
		{"a pair and a port", detectors.Pair(ip(t, "8.8.4.4"), ip(t, "10.0.0.5")).WithPort(445), listed + nas + smb},
		{"itself", detectors.Pair(ip(t, "10.9.9.9"), ip(t, "10.9.9.9")), "10.9.9.9 owner net (assets.csv:2)\n"},
		{"nothing known", detectors.Pair(ip(t, "192.0.2.1"), ip(t, "192.0.2.2")), ""},
		{"a port", detectors.Subject{}.WithPort(22), ""},
		{"a long text", detectors.Address(ip(t, "198.18.7.1"), detectors.NoRole),
			"198.18.7.1 country NL (geo.csv:2)\n198.18.7.1 asn " + strings.TrimSpace("AS64500 " + strings.Repeat("long ", 100))[:200] + "… (geo.csv:2)\n"},
	} {
		alert := &detectors.Alert{Rule: rule, Subject: c.subject}
		before := *alert
		for range 2 { // the second time from memory
			var to keeper
			sink := analyzer.Annotate(&k, &to)
			if err := sink.Alert(alert); err != nil {
				t.Fatal(err)
			}
			if got := notesOf(to.alerts[0]); got != c.want {
				t.Errorf("%s: got\n%swant\n%s", c.name, got, c.want)
			}
			if alert.Annotations != nil || alert.Subject != before.Subject {
				t.Errorf("%s: the alert of others was changed", c.name)
			}
			// One that is read back is not told the same again.
			again := to.alerts[0]
			n := len(again.Annotations)
			if err := sink.Alert(again); err != nil || len(to.alerts[1].Annotations) != n {
				t.Errorf("%s: annotated twice: %v", c.name, notesOf(to.alerts[1]))
			}
		}
	}
}

func TestNothingKnownIsNoStage(t *testing.T) {
	to := &keeper{}
	for _, k := range []*enrich.Knowledge{nil, {}} {
		if analyzer.Annotate(k, to) != analyzer.Sink(to) {
			t.Error("a stage for nothing")
		}
	}
}
