package builtin_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"seine/detectors"
	"seine/detectors/internal/scenario"
	"seine/flow"
)

// A harness stands between the engine and a Watcher, and is as unfriendly as
// the contract allows.
type harness struct {
	detectors.Watcher
	cut     *rand.Rand // hand each run on in pieces
	poison  bool       // overwrite each run after the call
	forget  bool       // say that hosts are idle which nobody has seen
	highest flow.Host
}

func (h *harness) Flows(rs []flow.Record) {
	for len(rs) > 0 {
		n := len(rs)
		if h.cut != nil {
			n = 1 + h.cut.IntN(n)
		}
		h.piece(rs[:n])
		rs = rs[n:]
	}
}

func (h *harness) piece(rs []flow.Record) {
	lent := slices.Clone(rs)
	h.Watcher.Flows(lent)
	if !slices.Equal(lent, rs) {
		panic("the watcher changed the rows it was lent") // which the engine makes an error of
	}
	if h.poison {
		for i := range lent {
			raw := unsafe.Slice((*byte)(unsafe.Pointer(&lent[i])), unsafe.Sizeof(lent[i]))
			for k := range raw {
				raw[k] = 0xa5
			}
		}
	}
	for i := range rs {
		h.highest = max(h.highest, rs[i].SrcHost, rs[i].DstHost)
	}
	if f, ok := h.Watcher.(detectors.Forgetter); ok && h.forget {
		f.Forget([]flow.Host{h.highest + 1, h.highest + 2, h.highest + 100})
	}
}

func (h *harness) Forget(hs []flow.Host) {
	if f, ok := h.Watcher.(detectors.Forgetter); ok {
		f.Forget(hs)
	}
}

// inside puts the Watchers of d into harnesses like h.
func inside(d *detectors.Detector, h harness) *detectors.Detector {
	wrapped := *d
	wrapped.New = func(env *detectors.Env) detectors.Watcher {
		w := d.New(env)
		if w == nil {
			return nil
		}
		h := h
		h.Watcher = w
		return &h
	}
	return &wrapped
}

// randomTrace is a trace in which much coincides: few addresses and ports,
// ties in time, disorder.
func randomTrace(rng *rand.Rand) []byte {
	addrs := []string{
		"10.0.0.1", "10.0.0.2", "192.168.1.5", "203.0.113.9", "198.51.100.7", "8.8.8.8", "255.255.255.255",
		"0.0.0.0", "2001:db8::1", "2001:DB8:0::0002", "fd00::1", "::ffff:10.0.0.1", "10.0.0.77",
	}
	var b strings.Builder
	at := 0
	for range 300 + rng.IntN(300) {
		at += rng.IntN(3)
		s := max(0, at-rng.IntN(2)*rng.IntN(40))
		port := []int{0, 22, 53, 67, 80, 81, 443, 9000, rng.IntN(300), rng.IntN(1 << 16)}[rng.IntN(10)]
		fmt.Fprintf(&b, "2026-03-10 09:%02d:%02d,%s,new,%s,%d,%s,%d,%d,%d\n", s/60%60, s%60,
			[]string{"tcp", "udp", "icmp"}[rng.IntN(3)], addrs[rng.IntN(len(addrs))], rng.IntN(100),
			addrs[rng.IntN(len(addrs))], port, rng.IntN(3)*rng.IntN(1000), rng.IntN(4)*rng.IntN(9000))
	}
	return []byte(b.String())
}

// lawParams are parameters under which a detector has much to do on a random
// trace, and meets its limits now and then. One that has none here runs with
// its defaults.
func lawParams(t *testing.T, d *detectors.Detector, rng *rand.Rand) []string {
	list := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(list, []byte("203.0.113.0/24\n2001:db8::2\n::ffff:10.0.0.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	all := []string{
		"blacklist.lists=" + list,
		fmt.Sprint("port-activity.max-users=", 20+rng.IntN(2000)),
		fmt.Sprint("port-fanout.limit=", rng.IntN(60)),
		"port-fanout.roles=" + []string{"merged", "separate"}[rng.IntN(2)],
		"iqr-outlier.features=dst_ports,connections,src_bytes",
		fmt.Sprint("iqr-outlier.fence=", rng.IntN(3)),
		fmt.Sprint("iqr-outlier.max-flows=", 1+rng.IntN(200)),
		fmt.Sprint("iqr-outlier.max-pairs=", 10+rng.IntN(1000)),
		fmt.Sprint("iqr-outlier.max-windows=", 1+rng.IntN(10)),
		"port-scan.hint=2", "port-scan.ports=3", "port-scan.targets=3", "port-scan.first-contacts=2", "port-scan.quiet=1m",
		fmt.Sprint("port-scan.report-every=", 1+rng.IntN(60), "s"),
		fmt.Sprint("port-scan.max-sources=", 1+rng.IntN(30)),
		fmt.Sprint("port-scan.max-contacts=", 1+rng.IntN(200)),
		fmt.Sprint("port-scan.max-pairs=", 1+rng.IntN(200)),
		fmt.Sprint("port-scan.max-services=", 1+rng.IntN(200)),
		"port-scan.attempts=3",
		fmt.Sprint("port-scan.max-attempts=", 1+rng.IntN(60)),
		fmt.Sprint("lateral-movement.learn=", rng.IntN(200), "s"),
		fmt.Sprint("lateral-movement.settle=", 1+rng.IntN(100), "s"),
		fmt.Sprint("lateral-movement.max-pairs=", 8+rng.IntN(60)),
		fmt.Sprint("request-burst.sessions=", 5+rng.IntN(3)), "request-burst.skip-ports=", "request-burst.share=0.5",
		fmt.Sprint("request-burst.window=", 1+rng.IntN(4), "m"),
		fmt.Sprint("request-burst.max-pairs=", 16+rng.IntN(30)),
		"exfiltration.push-mb=0.004",
		fmt.Sprint("exfiltration.volume-mb=", 0.005*float64(1+rng.IntN(3))),
		fmt.Sprint("exfiltration.quiet=", 20+rng.IntN(200), "s"),
		fmt.Sprint("exfiltration.max-pairs=", 16+rng.IntN(100)),
		fmt.Sprint("exfiltration.max-hosts=", 16+rng.IntN(10)),
		fmt.Sprint("exfiltration.swarm=", 1+rng.IntN(40)),
		"exfiltration.pcr=0.2",
		fmt.Sprint("unusual-service.learn=", rng.IntN(60), "s"),
		fmt.Sprint("unusual-service.max-servers=", 1+rng.IntN(100)),
		fmt.Sprint("many-peers.min-peers=", 1+rng.IntN(4)),
		fmt.Sprint("many-peers.window=", 1+rng.IntN(3), "m"),
		fmt.Sprint("many-peers.max-sources=", 1+rng.IntN(4)),
		fmt.Sprint("many-peers.max-peers=", 16+rng.IntN(20)),
		fmt.Sprint("many-peers.min-mail-servers=", 1+rng.IntN(3)),
		fmt.Sprint("dns-tunnel.min-questions=", 2+rng.IntN(8)),
		fmt.Sprint("dns-tunnel.min-ratio=", 0.1*float64(1+rng.IntN(9))),
		fmt.Sprint("dns-tunnel.window=", 1+rng.IntN(4), "m"),
		fmt.Sprint("dns-tunnel.max-question=", 1+rng.IntN(300)),
		fmt.Sprint("dns-tunnel.max-up-kb=", 1+rng.IntN(2)),
		fmt.Sprint("dns-tunnel.max-pairs=", 16+rng.IntN(30)),
		fmt.Sprint("dns-tunnel.max-busy-clients=", 1+rng.IntN(4)),
		fmt.Sprint("icmp-tunnel.max-kb=", 1+rng.IntN(2)),
		fmt.Sprint("icmp-tunnel.max-pairs=", 16+rng.IntN(30)),
		fmt.Sprint("beacon.max-pairs=", 16+rng.IntN(60)),
		fmt.Sprint("beacon.max-calls=", 4+rng.IntN(100)),
		fmt.Sprint("brute-force.attempts=", 5+rng.IntN(4)), "brute-force.targets=3", "brute-force.sources=3",
		fmt.Sprint("brute-force.max-pairs=", 16+rng.IntN(30)),
		"rate-baseline.scopes=all,service,source-network",
		fmt.Sprint("rate-baseline.bucket=", 5+rng.IntN(40), "s"),
		"flood.min-attempts=10",
		fmt.Sprint("flood.max-destinations=", 8+rng.IntN(8)),
		fmt.Sprint("policy.max-services=", 1+rng.IntN(20)),
		fmt.Sprint("policy.max-clients=", 1+rng.IntN(60)),
		"policy.forbidden-ports=22,53,80-81,300-9000",
		fmt.Sprint("exposed-service.max-visits=", 1+rng.IntN(20)),
		"exposed-service.quiet=1m", "exposed-service.answer-mb=0.01", "exposed-service.call-span=90s",
		"beacon.min-calls=4", "beacon.max-p=1", "beacon.fdr=1",
		fmt.Sprint("threat-intel.crowd=", 1+rng.IntN(4)), "threat-intel.talk-bytes=1", "threat-intel.public-ports=443",
		fmt.Sprint("threat-intel.quiet=", 1+rng.IntN(200), "s"),
		fmt.Sprint("threat-intel.max-entries=", 1+rng.IntN(4)),
		fmt.Sprint("threat-intel.max-findings=", 16+rng.IntN(30)),
		fmt.Sprint("threat-intel.max-pairs=", 16+rng.IntN(30)),
	}
	scan := filepath.Join(t.TempDir(), "scan.csv")
	if err := os.WriteFile(scan, []byte("ip,port,cve\n10.0.0.1,22,CVE-2099-0001\n10.0.0.2,80,\n10.0.0.77,23,\n2001:db8::1,443,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	kev := filepath.Join(t.TempDir(), "kev.json")
	if err := os.WriteFile(kev, []byte(`{"catalogVersion": "1", "vulnerabilities": [{"cveID": "CVE-2099-0001"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	own := []string{"lateness=15s", "evidence=4"}
	switch d.ID {
	case "exposed-service", "policy", "threat-intel":
		own = append(own, "intel="+list, "inventory="+scan, "kev="+kev)
	}
	for _, p := range all {
		if strings.HasPrefix(p, d.ID+".") {
			own = append(own, p)
		}
	}
	return own
}

// TestLaws checks the laws of package detectors that can be broken by a
// Watcher: how the rows are cut up, what becomes of them after the call, and
// news of hosts that nobody has seen must not change what it finds, in its own
// scenarios and in random traces.
func TestLaws(t *testing.T) {
	rounds := uint64(40)
	if testing.Short() {
		rounds = 8
	}
	each(t, func(t *testing.T, d *detectors.Detector) {
		for i, c := range scenarios(t, d) {
			t.Run(c.Name, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(uint64(i), 6))
				err := keepsLaws(rng, func(h harness, batchRows int) ([]string, error) {
					return c.Play(t, inside(d, h), batchRows), nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		for seed := range rounds {
			t.Run(fmt.Sprint("random trace ", seed), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 7))
				trace := randomTrace(rng)
				if d.ID == "exposed-service" || d.ID == "policy" { // of which nothing is told unless a service answers
					trace = bytes.ReplaceAll(trace, []byte(",tcp,new,"), []byte(",tcp,closed,"))
				}
				if err := keepsLaws(rng, on(trace, d, lawParams(t, d, rng))); err != nil {
					t.Error(err)
				}
			})
		}
	})
}

// on plays d on a trace.
func on(trace []byte, d *detectors.Detector, params []string) func(harness, int) ([]string, error) {
	return func(h harness, batchRows int) ([]string, error) {
		trial := scenario.Trial{Detector: inside(d, h), CSV: trace, Params: params, BatchRows: batchRows}
		return trial.Run()
	}
}

// keepsLaws compares what play finds in a friendly harness and in others.
func keepsLaws(rng *rand.Rand, play func(h harness, batchRows int) ([]string, error)) error {
	want, err := play(harness{}, 0)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		law string
		h   harness
	}{
		{"cut into pieces", harness{cut: rng}},
		{"poisoned after the call", harness{poison: true}},
		{"with news of hosts not seen", harness{forget: true}},
		{"all at once", harness{cut: rng, poison: true, forget: true}},
	} {
		got, err := play(c.h, []int{0, 1, 1 + rng.IntN(90)}[rng.IntN(3)])
		if err != nil {
			return err
		}
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("rows %s change what is found (-as they are +%s):\n%s", c.law, c.law, diff)
		}
	}
	return nil
}

// TestHarnessNotices checks the check: watchers that break the laws.
func TestHarnessNotices(t *testing.T) {
	for name, flows := range map[string]func(report func(*flow.Record, int)) func([]flow.Record){
		"the first row of a call": func(report func(*flow.Record, int)) func([]flow.Record) {
			return func(rs []flow.Record) { report(&rs[0], 0) }
		},
		"a row that is kept": func(report func(*flow.Record, int)) func([]flow.Record) {
			var kept *flow.Record
			return func(rs []flow.Record) {
				for i := range rs {
					if kept == nil {
						kept = &rs[i]
					}
					report(&rs[i], int(kept.DstPort))
				}
			}
		},
		"a row that is changed": func(report func(*flow.Record, int)) func([]flow.Record) {
			return func(rs []flow.Record) { rs[0].DstPort++ }
		},
		"calls that are counted": func(report func(*flow.Record, int)) func([]flow.Record) {
			calls := 0
			return func(rs []flow.Record) {
				calls++
				for i := range rs {
					report(&rs[i], calls)
				}
			}
		},
	} {
		d := &detectors.Detector{ID: "lawless", Rules: []detectors.Rule{{ID: "any", Severity: detectors.Low}}}
		d.New = func(env *detectors.Env) detectors.Watcher {
			return lawless{flows: flows(func(r *flow.Record, n int) {
				env.Report(r, detectors.Alert{
					Rule: &d.Rules[0], Subject: detectors.Address(r.Src, detectors.RoleSrc),
					Facts: []detectors.Fact{detectors.Int("n", int64(n))},
				})
			})}
		}
		rng := rand.New(rand.NewPCG(1, 1))
		if keepsLaws(rng, on(randomTrace(rng), d, nil)) == nil {
			t.Errorf("%s goes unnoticed", name)
		}
	}
}

type lawless struct{ flows func([]flow.Record) }

func (l lawless) Flows(rs []flow.Record) { l.flows(rs) }
func (l lawless) Tick(flow.Time)         {}
func (l lawless) Close()                 {}
