package where_test

import (
	"slices"
	"strings"
	"testing"

	"seine/flow/where"
)

// bag is a subject of whatever fields.
type bag struct {
	numbers map[string]float64
	texts   map[string][]string
}

func bags() *where.Schema[bag] {
	s := &where.Schema[bag]{}
	s.Count("size", "its size", func(b *bag) (uint64, bool) { return uint64(len(b.numbers)), true })
	s.Open("facts", "facts by name",
		func(key string) func(*bag) (where.Number, bool) {
			return func(b *bag) (where.Number, bool) {
				v, ok := b.numbers[key]
				n, _ := where.Float(v)
				return n, ok
			}
		},
		func(key string) func(*bag) ([]string, bool) {
			return func(b *bag) ([]string, bool) { v, ok := b.texts[key]; return v, ok }
		})
	return s
}

// TestOpenFields finds the type of a field by what it is compared with.
func TestOpenFields(t *testing.T) {
	b := &bag{map[string]float64{"ports": 101, "max-gap": 2.5}, map[string][]string{"service": {"ssh", "ssl"}}}
	for text, want := range map[string]bool{
		"facts.ports > 100":   true,
		"100 < facts.ports":   true,
		"facts.ports == size": false,
		"facts.ports / 2 > 50 and facts['max-gap'] == 2.5": true,
		"facts.ports in [1, 101]":                          true,
		"facts.ports in 1..100":                            false,
		"facts.service == 'ssh'":                           true,
		"'ssl' == facts.service":                           true,
		"'ssl' in facts.service":                           true,
		"facts.service in ['http', 'ssl']":                 true,
		"facts.service contains 'ss'":                      true,
		"facts.service startsWith 'x'":                     false,
		"upper(facts.service) == 'SSH'":                    true,
		"FACTS.service == 'ssh'":                           true,
		"facts.absent > 0":                                 false,
		"not (facts.absent > 0)":                           false,
		"not (facts.absent == 'x')":                        false,
		"has(facts.absent) or has(facts.service)":          true,
		"has(facts.ports) and not has(facts.other)":        true,
		"facts.service > 1":                                false,
	} {
		c, err := bags().Compile(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := c.Keep(b); got != want {
			t.Errorf("%s is %v", text, got)
		}
	}
	for text, want := range map[string]string{
		"facts > 1":         "write the name of one behind it, as facts.NAME",
		"facts.ports":       "facts.ports is a number and no condition",
		"other == 1":        "facts.NAME",
		"len(facts.a) == 1": "len takes a text",
	} {
		_, err := bags().Compile(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if c, _ := bags().Compile("facts.ports > 1 and facts.service == 'x' and facts.ports < 9"); !slices.Equal(c.Names(), []string{"facts.ports", "facts.service"}) {
		t.Errorf("the condition reads %v", c.Names())
	}
}
