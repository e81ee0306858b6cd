package exposedservice_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"seine/detectors"
	exposedservice "seine/detectors/exposed-service"
	"seine/detectors/internal/desk"
	"seine/flow"
	"seine/flow/enrich"
	"seine/flow/enrich/intel"
	"seine/flow/enrich/inventory"
)

// A recorder is an engine that keeps alerts.
type recorder struct{ desk.Desk }

// watch makes a watcher with a list of 203.0.113.0/24 and one service known to
// be exploited.
func watch(t *testing.T, set map[string]string) (*recorder, detectors.Watcher, *detectors.Env) {
	t.Helper()
	list := filepath.Join(t.TempDir(), "bad.txt")
	if err := os.WriteFile(list, []byte("203.0.113.0/24\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	lists, err := intel.Load([]string{list}, intel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	known := &enrich.Knowledge{Intel: lists, Inventory: inventory.New([]*inventory.Service{{
		Addr: flow.AddrFrom4(server), Proto: flow.TCP, Port: 80, CVEs: []inventory.Vulnerability{{ID: "CVE-2099-0001", CVSS: 9.8, KEV: true, Basis: "tested"}},
	}})}
	rec := &recorder{}
	d := exposedservice.Detector()
	env := detectors.NewEnv(d, detectors.Settings{
		Evidence: 3, Runtime: rec, Known: known, Value: func(n string) (string, bool) { v, ok := set[n]; return v, ok },
	})
	w := d.New(env)
	if err := env.Err(); err != nil {
		t.Fatal(err)
	}
	return rec, w, env
}

const (
	server  = 10<<24 | 9
	visitor = 203<<24 | 113<<8
)

func (r *recorder) host(v uint32) flow.Host {
	_, h := r.Host(v)
	return h
}

func (r *recorder) flow(at flow.Time, src, dst uint32, port uint16) flow.Record {
	return flow.Record{
		Start: at * flow.Second, Src: flow.AddrFrom4(src), Dst: flow.AddrFrom4(dst), SrcHost: r.host(src), DstHost: r.host(dst),
		SrcPort: 50000, DstPort: port, Proto: flow.TCP, State: flow.StateClosed, SrcBytes: 900, DstBytes: 9000,
		Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasSrcPort | flow.HasDstPort | flow.HasBytes | flow.HasState, Row: uint64(at),
	}
}

func TestTablesAreBounded(t *testing.T) {
	rec, w, env := watch(t, map[string]string{"exposed-service.max-visits": "20"})
	for i := range uint32(2000) {
		w.Flows(desk.Surveyed([]flow.Record{rec.flow(flow.Time(i+1), visitor+i%250, server+i%7, uint16(80+i%3))}))
	}
	w.Close()
	counted := map[string]uint64{}
	for _, c := range env.Counters() {
		counted[c.Name] = c.N
	}
	if counted["visits-dropped"] == 0 || len(rec.Alerts) == 0 {
		t.Errorf("%d alerts, counted %v", len(rec.Alerts), counted)
	}
}

// A finding that grows is told at first, at ten times as many flows, and in
// the end, under one window.
func TestFindingsGrow(t *testing.T) {
	rec, w, _ := watch(t, nil)
	for i := range 25 {
		w.Flows(desk.Surveyed([]flow.Record{rec.flow(flow.Time(100-i), visitor, server, 80)}))
	}
	w.Close()
	var flows []uint64
	for i := range rec.Alerts {
		a := &rec.Alerts[i]
		if a.Rule.ID != "reached" {
			continue
		}
		flows = append(flows, a.Flows)
		if a.Severity != detectors.Critical || !a.Grows || a.Window != 100*flow.Second {
			t.Errorf("%s %v, window %s", a.Severity, a.Grows, a.Window)
		}
	}
	if !slices.Equal(flows, []uint64{1, 10, 25}) {
		t.Errorf("told at %v flows", flows)
	}
}

// What is forgotten says its last words and leaves nothing behind.
func TestForgottenHostsLeaveNothing(t *testing.T) {
	rec, w, _ := watch(t, nil)
	w.Flows(desk.Surveyed([]flow.Record{rec.flow(1, visitor, server, 80), rec.flow(2, visitor, server, 80)}))
	before := len(rec.Alerts)
	w.(detectors.Forgetter).Forget([]flow.Host{rec.host(visitor), rec.host(server)})
	if len(rec.Alerts) != before+2 {
		t.Errorf("%d last words", len(rec.Alerts)-before)
	}
	said := len(rec.Alerts)
	rec.Renumber(rec.host(visitor), flow.AddrFrom4(10<<24|77))
	rec.Renumber(rec.host(server), flow.AddrFrom4(10<<24|78))
	w.Flows(desk.Surveyed([]flow.Record{rec.flow(3, 10<<24|77, 10<<24|78, 80)}))
	w.Close()
	if len(rec.Alerts) != said {
		t.Errorf("the next with the numbers is told of: %s", rec.Alerts[said].Summary)
	}
}
