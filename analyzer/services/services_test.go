package services_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"seine/analyzer/services"
	"seine/flow"
	"seine/flow/enrich/inventory"
)

func record(src, dst string, port uint16) flow.Record {
	parse := func(text string) flow.Addr {
		a, err := flow.ParseAddr([]byte(text))
		if err != nil {
			panic(err)
		}
		return a
	}
	return flow.Record{
		Src: parse(src), Dst: parse(dst), SrcPort: 50000, DstPort: port, Proto: flow.TCP, State: flow.StateClosed, Start: flow.Second,
		SrcBytes: 100, DstBytes: 200, Has: flow.HasAddrs | flow.HasStart | flow.HasProto | flow.HasSrcPort | flow.HasDstPort | flow.HasBytes | flow.HasState,
	}
}

var own = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}

// told writes a result down.
func told(res *services.Result) string {
	var b strings.Builder
	for i := range res.Services {
		s := &res.Services[i]
		fmt.Fprintf(&b, "%s:%d %s clients=%d outside=%d flows=%d in=%d out=%d %s\n", s.Addr, s.Port, s.Name, s.Clients, s.Outside, s.Flows, s.In, s.Out, s.Standing(res.Inventory))
	}
	fmt.Fprintf(&b, "seen=%d dropped=%d ephemeral=%d elsewhere=%d\n", res.Seen, res.Dropped, res.Ephemeral, res.Elsewhere)
	return b.String()
}

func flows() []flow.Record {
	rs := []flow.Record{
		record("10.0.0.1", "10.0.0.9", 443), record("10.0.0.1", "10.0.0.9", 443), record("192.0.2.1", "10.0.0.9", 443),
		record("10.0.0.1", "10.0.0.9", 40000), record("10.0.0.1", "192.0.2.9", 443), record("10.0.0.1", "10.0.0.8", 22),
		record("10.0.0.1", "10.0.0.9", 23), record("10.0.0.2", "10.0.0.9", 50001), record("10.0.0.3", "10.0.0.9", 50001), record("10.0.0.4", "10.0.0.9", 50001),
	}
	rs[6].State = flow.StateAttempt
	return rs
}

func TestServicesAreSeen(t *testing.T) {
	inv := inventory.New([]*inventory.Service{
		{Addr: record("10.0.0.1", "10.0.0.9", 1).Dst, Proto: flow.TCP, Port: 443, Name: "https"},
		{Addr: record("10.0.0.1", "10.0.0.9", 1).Dst, Proto: flow.TCP, Port: 8080, Name: "proxy"},
	})
	for _, c := range []struct {
		name string
		o    services.Options
		inv  *inventory.Table
		want string
	}{
		{"flows", services.Options{Internal: own}, nil, `10.0.0.8:22 ssh clients=1 outside=0 flows=1 in=100 out=200 
10.0.0.9:443 https clients=2 outside=1 flows=3 in=300 out=600 
10.0.0.9:50001  clients=3 outside=0 flows=3 in=300 out=600 
seen=3 dropped=0 ephemeral=1 elsewhere=1
`},
		{"scan", services.Options{Internal: own}, inv, `10.0.0.8:22 ssh clients=1 outside=0 flows=1 in=100 out=200 host not scanned
10.0.0.9:443 https clients=2 outside=1 flows=3 in=300 out=600 both
10.0.0.9:8080 proxy clients=0 outside=0 flows=0 in=0 out=0 scan only
10.0.0.9:50001  clients=3 outside=0 flows=3 in=300 out=600 not in scan
seen=3 dropped=0 ephemeral=1 elsewhere=1
`},
		{"all", services.Options{Internal: own, Outside: true, AnyPort: true, MaxServices: 3, MaxClients: 2}, nil, `10.0.0.9:443 https clients=2 outside=1 flows=3 in=300 out=600 
10.0.0.9:40000  clients=0 outside=0 flows=1 in=100 out=200 
192.0.2.9:443 https clients=0 outside=0 flows=1 in=100 out=200 
seen=3 dropped=4 ephemeral=0 elsewhere=0
`},
	} {
		col := services.New(c.o, flow.NewSymbols())
		col.Add(flows())
		if got := told(col.Result(c.inv)); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// How flows are cut up does not matter, nor, but for what is full, their order.
func TestOrderDoesNotMatter(t *testing.T) {
	rs := flows()
	whole := services.New(services.Options{Internal: own}, flow.NewSymbols())
	whole.Add(rs)
	want := told(whole.Result(nil))
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		rng.Shuffle(len(rs), func(i, j int) { rs[i], rs[j] = rs[j], rs[i] })
		c := services.New(services.Options{Internal: own}, flow.NewSymbols())
		for piece := range slices.Chunk(rs, 1+rng.IntN(4)) {
			c.Add(piece)
		}
		if got := told(c.Result(nil)); got != want {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestSorts(t *testing.T) {
	c := services.New(services.Options{Internal: own}, flow.NewSymbols())
	c.Add(flows())
	for _, by := range services.Sorts() {
		all := c.Result(nil).Services
		services.Sort(all, by)
		if first := all[0].Port; by == "clients" && first != 50001 || by == "flows" && first != 443 || by == "risk" && first != 443 {
			t.Errorf("by %s: port %d is first", by, first)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	rs := make([]flow.Record, 100_000)
	for i := range rs {
		rs[i] = record("10.0.0.1", "10.0.0.9", []uint16{443, 80, 22, 53}[rng.IntN(4)])
		rs[i].Src, rs[i].Dst = flow.AddrFrom4(10<<24|rng.Uint32N(2000)), flow.AddrFrom4(10<<24|1<<20|rng.Uint32N(300))
	}
	b.ReportAllocs()
	for b.Loop() {
		c := services.New(services.Options{Internal: own}, flow.NewSymbols())
		c.Add(rs)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rs)), "ns/flow")
}
