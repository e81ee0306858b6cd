package where_test

import (
	"testing"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"seine/flow"
	"seine/flow/where"
)

// Two conditions: one that compares fields only, and one that does all that
// is usual.
var benchTexts = map[string]string{
	"fields": "dst_port == 443 and src_bytes > 1000000 and src_pkts > 10 or dst_port == 22 and src_pkts < 5",
	"all":    "dst_port in [22, 3389] and not internal(dst_ip) and src_bytes > 1e6 or service == 'ssl' and src_pkts > 1000",
}

// BenchmarkKeep is the compiled condition, BenchmarkMachine what the virtual
// machine of the expr library makes of the same text on a struct.
func BenchmarkKeep(b *testing.B) {
	_, rs, opt := scene()
	for name, text := range benchTexts {
		b.Run(name, func(b *testing.B) {
			f, err := where.Compile(text, opt)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			kept := 0
			for i := 0; b.Loop(); i++ {
				if f.Keep(&rs[i&3]) {
					kept++
				}
			}
		})
	}
}

type env struct {
	DstPort  int        `expr:"dst_port"`
	SrcBytes int        `expr:"src_bytes"`
	SrcPkts  int        `expr:"src_pkts"`
	Service  string     `expr:"service"`
	DstIP    *flow.Addr `expr:"dst_ip"`
}

func BenchmarkMachine(b *testing.B) {
	_, rs, opt := scene()
	for name, text := range benchTexts {
		b.Run(name, func(b *testing.B) {
			program, err := expr.Compile(text, expr.Env(&env{}), expr.AsBool(),
				expr.Function("internal", func(args ...any) (any, error) { return args[0].(*flow.Addr).Private(), nil },
					new(func(*flow.Addr) bool)))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			var machine vm.VM
			var e env
			for i := 0; b.Loop(); i++ {
				r := &rs[i&3]
				e = env{int(r.DstPort), int(r.SrcBytes), int(r.SrcPkts), "", &r.Dst}
				if name == "all" {
					e.Service = opt.Symbols.Text(r.Service)
				}
				if _, err := machine.Run(program, &e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := where.Compile(benchTexts["all"], where.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
