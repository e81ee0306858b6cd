package where_test

import (
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"strings"
	"testing"

	"github.com/expr-lang/expr"
	"pgregory.net/rapid"

	"seine/flow"
	"seine/flow/where"
)

// A logic is a condition of three truths, worked out the slow way: true,
// false or nil.
type logic func(r *flow.Record) *bool

func is(b bool) *bool { return &b }

// conditions draws an expression and what it means.
func conditions(t *rapid.T, depth int) (string, logic) {
	choice := rapid.IntRange(0, 9).Draw(t, "form")
	if depth == 0 {
		choice %= 4
	}
	switch choice {
	case 0, 1:
		n := rapid.Uint16Range(0, 5).Draw(t, "port")
		op := rapid.SampledFrom([]string{"==", "!=", "<", ">="}).Draw(t, "op")
		return fmt.Sprintf("dst_port %s %d", op, n), func(r *flow.Record) *bool {
			if r.Has&flow.HasDstPort == 0 {
				return nil
			}
			return is(map[string]bool{"==": r.DstPort == n, "!=": r.DstPort != n, "<": r.DstPort < n, ">=": r.DstPort >= n}[op])
		}
	case 2:
		n := rapid.Uint64Range(0, 3).Draw(t, "bytes")
		return fmt.Sprintf("src_bytes + 1 > %d", n), func(r *flow.Record) *bool {
			if r.Has&flow.HasSrcBytes == 0 {
				return nil
			}
			return is(r.SrcBytes+1 > n)
		}
	case 3:
		return "has(service)", func(r *flow.Record) *bool { return is(r.Has&flow.HasService != 0) }
	case 4, 5:
		text, of := conditions(t, depth-1)
		return "not (" + text + ")", func(r *flow.Record) *bool {
			if v := of(r); v != nil {
				return is(!*v)
			}
			return nil
		}
	}
	left, a := conditions(t, depth-1)
	right, b := conditions(t, depth-1)
	switch op := []string{"and", "or", "==", "!="}[choice-6]; op {
	case "and", "or":
		return "(" + left + ") " + op + " (" + right + ")", func(r *flow.Record) *bool {
			x, y := a(r), b(r)
			settles := op == "or"
			if x != nil && *x == settles || y != nil && *y == settles {
				return is(settles)
			}
			if x == nil || y == nil {
				return nil
			}
			return is(!settles)
		}
	default:
		return "(" + left + ") " + op + " (" + right + ")", func(r *flow.Record) *bool {
			x, y := a(r), b(r)
			if x == nil || y == nil {
				return nil
			}
			return is((*x == *y) == (op == "=="))
		}
	}
}

func TestLogicHasThreeTruths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, want := conditions(t, 5)
		f, err := where.Compile(text, where.Options{})
		if err != nil {
			t.Fatalf("%s\n%v", text, err)
		}
		for has := range 8 {
			r := flow.Record{
				DstPort:  rapid.Uint16Range(0, 5).Draw(t, "port"),
				SrcBytes: rapid.Uint64Range(0, 3).Draw(t, "bytes"),
			}
			for i, bit := range []flow.Fields{flow.HasDstPort, flow.HasSrcBytes, flow.HasService} {
				if has>>i&1 != 0 {
					r.Has |= bit
				}
			}
			v := want(&r)
			if got := f.Keep(&r); got != (v != nil && *v) {
				t.Fatalf("%s keeps %+v: %v", text, r, got)
			}
		}
	})
}

// shared draws an expression of the part of the language that the virtual
// machine of the expr library understands alike.
func shared(t *rapid.T, depth int) string {
	number := func() string {
		switch rapid.IntRange(0, 5).Draw(t, "number") {
		case 0, 1:
			return rapid.SampledFrom([]string{"src_bytes", "dst_bytes", "src_port", "dst_port"}).Draw(t, "field")
		case 2:
			return fmt.Sprintf("(src_bytes %s dst_port)", rapid.SampledFrom([]string{"+", "-", "*"}).Draw(t, "op"))
		case 3:
			return fmt.Sprintf("-dst_bytes %% %d", rapid.IntRange(1, 9).Draw(t, "by"))
		case 4:
			return fmt.Sprintf("dst_bytes / %d", rapid.IntRange(1, 9).Draw(t, "by"))
		}
		return fmt.Sprint(rapid.IntRange(-3, 30).Draw(t, "constant"))
	}
	if depth > 0 {
		switch rapid.IntRange(0, 3).Draw(t, "form") {
		case 0:
			return shared(t, depth-1) + " and " + shared(t, depth-1)
		case 1:
			return "(" + shared(t, depth-1) + " or " + shared(t, depth-1) + ")"
		case 2:
			return "not (" + shared(t, depth-1) + ")"
		}
	}
	switch rapid.IntRange(0, 4).Draw(t, "leaf") {
	case 0:
		op := rapid.SampledFrom([]string{"==", "contains", "startsWith", "endsWith", "matches", "not contains"}).Draw(t, "op")
		return fmt.Sprintf("service %s '%s'", op, rapid.SampledFrom([]string{"", "a", "ab", "b", "ba"}).Draw(t, "text"))
	case 1:
		return "service in ['a', 'ab', 'bab']"
	case 2:
		lo := rapid.IntRange(0, 9).Draw(t, "lo")
		return fmt.Sprintf("src_port not in %d..%d", lo, lo+rapid.IntRange(0, 9).Draw(t, "more"))
	case 3:
		list := rapid.SliceOfN(rapid.IntRange(0, 30), 1, 8).Draw(t, "list")
		return "dst_port in " + strings.ReplaceAll(fmt.Sprint(list), " ", ", ")
	}
	return number() + rapid.SampledFrom([]string{" == ", " != ", " < ", " <= ", " > ", " >= "}).Draw(t, "op") + number()
}

func TestTheVirtualMachineAgrees(t *testing.T) {
	symbols := flow.NewSymbols()
	rapid.Check(t, func(t *rapid.T) {
		text := shared(t, 3)
		f, err := where.Compile(text, where.Options{Symbols: symbols})
		if err != nil {
			t.Fatalf("%s\n%v", text, err)
		}
		program, err := expr.Compile(text, expr.AsBool())
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			service := rapid.StringOfN(rapid.RuneFrom([]rune("ab")), 0, 3, -1).Draw(t, "service")
			r := flow.Record{
				SrcPort: rapid.Uint16Range(0, 30).Draw(t, "sport"), DstPort: rapid.Uint16Range(0, 30).Draw(t, "dport"),
				SrcBytes: rapid.Uint64Range(0, 30).Draw(t, "sbytes"), DstBytes: rapid.Uint64Range(0, 30).Draw(t, "dbytes"),
				Service: symbols.Add([]byte(service)), Has: everything,
			}
			want, err := expr.Run(program, map[string]any{
				"src_port": int(r.SrcPort), "dst_port": int(r.DstPort),
				"src_bytes": int(r.SrcBytes), "dst_bytes": int(r.DstBytes), "service": service,
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Keep(&r); got != want {
				t.Fatalf("%s says %v of %+v, the machine %v", text, got, r, want)
			}
		}
	})
}

func TestNumbersCompareByTheirExactValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func() (where.Number, *big.Float) {
			exact := new(big.Float).SetPrec(2000)
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				i := rapid.Int64().Draw(t, "int")
				return where.Int(i), exact.SetInt64(i)
			case 1:
				u := rapid.Uint64().Draw(t, "uint")
				return where.Uint(u), exact.SetUint64(u)
			case 2:
				f := rapid.SampledFrom([]float64{1 << 53, 1 << 63, 1 << 64, -1 << 63, -1 << 64, 0.5, -0.5, 1<<52 + 0.5,
					math.MaxUint64, math.MaxInt64, math.Inf(1), math.Inf(-1), math.Copysign(0, -1)}).Draw(t, "special")
				n, _ := where.Float(f)
				return n, exact.SetFloat64(f)
			}
			f := rapid.Float64().Draw(t, "float")
			n, ok := where.Float(f)
			if !ok {
				t.Skip("NaN")
			}
			return n, exact.SetFloat64(f)
		}
		a, x := draw()
		b, y := draw()
		if got, want := a.Compare(b), x.Cmp(y); got != want {
			t.Fatalf("%v against %v: %d, want %d", x, y, got, want)
		}
	})
}

func TestSetsOfAddressesAgreeWithPrefixes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func() netip.Addr {
			b := rapid.SliceOfN(rapid.ByteRange(0, 3), 16, 16).Draw(t, "bytes")
			a, _ := netip.AddrFromSlice(b)
			if rapid.Bool().Draw(t, "IPv4") {
				a, _ = netip.AddrFromSlice(b[:4])
			}
			return a
		}
		var prefixes []netip.Prefix
		var list []string
		for range rapid.IntRange(1, 12).Draw(t, "prefixes") {
			a := draw()
			p := netip.PrefixFrom(a, rapid.IntRange(0, a.BitLen()).Draw(t, "length")).Masked()
			prefixes = append(prefixes, p)
			list = append(list, "'"+p.String()+"'")
		}
		f, err := where.Compile("src_ip in ["+strings.Join(list, ", ")+"]", where.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			a := draw()
			want := false
			for _, p := range prefixes {
				want = want || p.Contains(a)
			}
			src, err := flow.AddrFromNetip(a)
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Keep(&flow.Record{Src: src, Has: flow.HasAddrs}); got != want {
				t.Fatalf("%v in %v: %v", a, list, got)
			}
		}
	})
}
