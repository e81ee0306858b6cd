package report

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A validator checks values against the part of JSON Schema that the schemas
// here use; a keyword it does not know is an error.
type validator struct {
	resources map[string]map[string]any // by $id
}

func newValidator(schema []byte) (*validator, map[string]any, error) {
	var root map[string]any
	if err := json.Unmarshal(schema, &root); err != nil {
		return nil, nil, err
	}
	v := &validator{resources: map[string]map[string]any{}}
	v.collect(root)
	return v, root, nil
}

func (v *validator) collect(x any) {
	switch x := x.(type) {
	case map[string]any:
		if id, ok := x["$id"].(string); ok {
			v.resources[id] = x
		}
		for _, y := range x {
			v.collect(y)
		}
	case []any:
		for _, y := range x {
			v.collect(y)
		}
	}
}

// check validates x against a schema that lies in the resource base.
func (v *validator) check(base, schema map[string]any, x any, at string) error {
	if schema["$id"] != nil {
		base = schema
	}
	for word, arg := range schema {
		if err := v.keyword(base, schema, word, arg, x, at); err != nil {
			return err
		}
	}
	return nil
}

func (v *validator) keyword(base, schema map[string]any, word string, arg, x any, at string) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%s: %s: %s", at, word, fmt.Sprintf(format, args...))
	}
	object, isObject := x.(map[string]any)
	text, isText := x.(string)
	number, isNumber := x.(float64)
	list, _ := x.([]any)
	switch word {
	case "$schema", "$id", "$defs", "title", "description":
	case "$ref":
		id, pointer, _ := strings.Cut(arg.(string), "#")
		if id != "" {
			base = v.resources[id]
		}
		target := base
		for _, name := range strings.Split(pointer, "/")[1:] {
			target, _ = target[name].(map[string]any)
		}
		if target == nil {
			return fail("%s does not exist", arg)
		}
		return v.check(base, target, x, at)
	case "type":
		types, several := arg.([]any)
		if !several {
			types = []any{arg}
		}
		if !slices.ContainsFunc(types, func(t any) bool { return isType(t.(string), x) }) {
			return fail("%v is not %v", x, types)
		}
	case "const":
		if x != arg {
			return fail("%v is not %v", x, arg)
		}
	case "enum":
		if !slices.Contains(arg.([]any), x) {
			return fail("%v is not one of %v", x, arg)
		}
	case "pattern":
		if isText && !regexp.MustCompile(arg.(string)).MatchString(text) {
			return fail("%q does not match %s", text, arg)
		}
	case "minItems", "maxItems":
		if n := float64(len(list)); word == "minItems" && n < arg.(float64) || word == "maxItems" && n > arg.(float64) {
			return fail("%d elements", len(list))
		}
	case "minLength":
		if isText && float64(len(text)) < arg.(float64) {
			return fail("%q is too short", text)
		}
	case "format":
		if _, err := time.Parse(time.RFC3339Nano, text); err != nil || arg != "date-time" {
			return fail("%q: %v", text, err)
		}
	case "minimum", "maximum", "exclusiveMinimum":
		limit := arg.(float64)
		if isNumber && (word == "minimum" && number < limit || word == "maximum" && number > limit ||
			word == "exclusiveMinimum" && number <= limit) {
			return fail("%v, limit %v", number, limit)
		}
	case "items":
		for i, y := range list {
			if err := v.check(base, arg.(map[string]any), y, fmt.Sprintf("%s/%d", at, i)); err != nil {
				return err
			}
		}
	case "anyOf":
		for _, s := range arg.([]any) {
			if v.check(base, s.(map[string]any), x, at) == nil {
				return nil
			}
		}
		return fail("%v matches none", x)
	case "required":
		for _, name := range arg.([]any) {
			if _, ok := object[name.(string)]; isObject && !ok {
				return fail("%s is missing", name)
			}
		}
	case "dependentRequired":
		for name, needs := range arg.(map[string]any) {
			if _, ok := object[name]; !ok {
				continue
			}
			for _, n := range needs.([]any) {
				if _, ok := object[n.(string)]; !ok {
					return fail("%s without %s", name, n)
				}
			}
		}
	case "properties", "additionalProperties":
		known, _ := schema["properties"].(map[string]any)
		for name, y := range object {
			part, ok := known[name].(map[string]any)
			if !ok && word == "additionalProperties" {
				if part, ok = arg.(map[string]any); !ok {
					return fail("%s is not allowed", name)
				}
			}
			if ok {
				if err := v.check(base, part, y, at+"/"+name); err != nil {
					return err
				}
			}
		}
	default:
		return fail("unknown keyword")
	}
	return nil
}

func isType(name string, x any) bool {
	switch x := x.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case float64:
		return name == "number" || name == "integer" && x == math.Trunc(x)
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	}
	return false
}
