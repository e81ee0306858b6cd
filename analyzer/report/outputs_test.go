package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"

	"seine/analyzer"
	"seine/detectors"
	"seine/detectors/builtin"
	"seine/flow"
)

// runsOf are the alerts that each of the outputs for other tools is tried on.
func runsOf() []struct {
	name   string
	names  analyzer.Names
	alerts []*detectors.Alert
} {
	compared := normal()
	compared[0].Status, compared[1].Status, compared[2].Status = detectors.New, detectors.Known, detectors.Gone
	compared[1].Annotations = []detectors.Annotation{{IP: compared[1].Subject.Src, Key: "asset", Value: attacks[0], Source: "assets.csv:7"}}
	compared[3].Subject = detectors.Address(hostName("printer-7"), detectors.RoleSrc)
	compared[3].Evidence[0].Src = hostName("printer-7")
	compared[3].Time, compared[3].FirstSeen = -1500*1e6-1, -1500*1e6-1 // before 1970
	compared[2].Summary = "[read this](http://192.0.2.1/) {0} and {1}"
	return []struct {
		name   string
		names  analyzer.Names
		alerts []*detectors.Alert
	}{
		{"normal", names, normal()}, {"compared", names, compared}, {"empty", names, nil}, {"hostile", attackLexicon, hostile()},
	}
}

func hostName(s string) flow.Addr {
	a, ok := flow.NameAddr([]byte(s))
	if !ok {
		panic(s)
	}
	return a
}

// The schemas below are the parts of the standards that Seine writes, in the
// words of this package: what is required, the types and the words allowed,
// and that nothing else is there.
const sarifSchema = `{
"type":"object","required":["version","runs"],"additionalProperties":false,"properties":{
 "$schema":{"type":"string","pattern":"^https://"},"version":{"const":"2.1.0"},
 "runs":{"type":"array","items":{"type":"object","required":["tool","results"],"additionalProperties":false,"properties":{
  "tool":{"type":"object","required":["driver"],"additionalProperties":false,"properties":{"driver":{"type":"object","required":["name"],"additionalProperties":false,"properties":{
   "name":{"type":"string","minLength":1},"version":{"type":"string"},
   "rules":{"type":"array","items":{"type":"object","required":["id"],"additionalProperties":false,"properties":{
    "id":{"type":"string","minLength":1},"shortDescription":{"$ref":"#/$defs/message"},"fullDescription":{"$ref":"#/$defs/message"},"help":{"$ref":"#/$defs/message"},
    "defaultConfiguration":{"type":"object","required":["level"],"additionalProperties":false,"properties":{"level":{"$ref":"#/$defs/level"}}},
    "properties":{"type":"object","required":["tags","security-severity"],"properties":{"tags":{"type":"array","items":{"type":"string"}},"security-severity":{"type":"string","pattern":"^[0-9]+\\.[0-9]$"}}}}}}}}}},
  "columnKind":{"enum":["utf16CodeUnits","unicodeCodePoints"]},
  "artifacts":{"type":"array","items":{"type":"object","required":["location"],"additionalProperties":false,"properties":{"location":{"$ref":"#/$defs/artifact"}}}},
  "invocations":{"type":"array","items":{"type":"object","required":["executionSuccessful"],"additionalProperties":false,"properties":{"executionSuccessful":{"type":"boolean"},
   "toolExecutionNotifications":{"type":"array","items":{"type":"object","required":["message"],"additionalProperties":false,"properties":{"level":{"$ref":"#/$defs/level"},"message":{"$ref":"#/$defs/message"},"locations":{"type":"array","items":{"$ref":"#/$defs/location"}}}}}}}},
  "results":{"type":"array","items":{"type":"object","required":["message","ruleId"],"additionalProperties":false,"properties":{
   "ruleId":{"type":"string"},"ruleIndex":{"type":"integer","minimum":0},"level":{"$ref":"#/$defs/level"},"message":{"$ref":"#/$defs/message"},
   "locations":{"type":"array","items":{"$ref":"#/$defs/location"}},"relatedLocations":{"type":"array","items":{"$ref":"#/$defs/location"}},
   "partialFingerprints":{"type":"object","required":["seineAlertId/v1"],"additionalProperties":{"type":"string"}},
   "occurrenceCount":{"type":"integer","minimum":1},"baselineState":{"enum":["new","unchanged","updated","absent"]},"rank":{"type":"number","minimum":0,"maximum":100},
   "properties":{"type":"object"}}}}}}}},
"$defs":{
 "level":{"enum":["none","note","warning","error"]},
 "message":{"type":"object","required":["text"],"additionalProperties":false,"properties":{"text":{"type":"string"}}},
 "artifact":{"type":"object","required":["uri"],"additionalProperties":false,"properties":{"uri":{"type":"string","minLength":1},"index":{"type":"integer","minimum":0}}},
 "location":{"type":"object","additionalProperties":false,"properties":{"message":{"$ref":"#/$defs/message"},
  "physicalLocation":{"type":"object","required":["artifactLocation"],"additionalProperties":false,"properties":{"artifactLocation":{"$ref":"#/$defs/artifact"},
   "region":{"type":"object","required":["startLine"],"additionalProperties":false,"properties":{"startLine":{"type":"integer","minimum":1}}}}}}}}}`

const ocsfSchema = `{
"type":"object","required":["activity_id","category_uid","class_uid","finding_info","metadata","severity_id","time","type_uid"],"additionalProperties":false,"properties":{
 "activity_id":{"enum":[1,2,3]},"activity_name":{"enum":["Create","Update","Close"]},"category_uid":{"const":2},"category_name":{"const":"Findings"},"class_uid":{"const":2004},"class_name":{"const":"Detection Finding"},
 "type_uid":{"enum":[200401,200402,200403]},"time":{"type":"integer"},"start_time":{"type":"integer"},"end_time":{"type":"integer"},
 "severity_id":{"type":"integer","minimum":1,"maximum":5},"severity":{"enum":["Informational","Low","Medium","High","Critical"]},
 "status_id":{"enum":[1,4,99]},"status":{"type":"string"},"is_alert":{"type":"boolean"},"confidence_id":{"type":"integer","minimum":0,"maximum":3},"confidence":{"enum":["Unknown","Low","Medium","High"]},
 "confidence_score":{"type":"integer","minimum":0,"maximum":100},"count":{"type":"integer","minimum":1},"message":{"type":"string"},
 "metadata":{"type":"object","required":["version","product"],"additionalProperties":false,"properties":{"version":{"const":"1.5.0"},"uid":{"type":"string"},
  "product":{"type":"object","required":["name","vendor_name"],"additionalProperties":false,"properties":{"name":{"type":"string"},"vendor_name":{"type":"string"},"version":{"type":"string"}}}}},
 "finding_info":{"type":"object","required":["uid","title"],"additionalProperties":false,"properties":{"uid":{"type":"string","minLength":1},"title":{"type":"string","minLength":1},"desc":{"type":"string"},
  "first_seen_time":{"type":"integer"},"last_seen_time":{"type":"integer"},
  "analytic":{"type":"object","required":["type_id"],"additionalProperties":false,"properties":{"uid":{"type":"string"},"name":{"type":"string"},"type_id":{"const":2},"type":{"const":"Behavioral"}}},
  "attacks":{"type":"array","items":{"type":"object","required":["technique"],"additionalProperties":false,"properties":{"technique":{"$ref":"#/$defs/technique"},"sub_technique":{"$ref":"#/$defs/technique"}}}}}},
 "evidences":{"type":"array","items":{"type":"object","required":["data"],"additionalProperties":false,"properties":{"data":{"type":"object"},"src_endpoint":{"$ref":"#/$defs/end"},"dst_endpoint":{"$ref":"#/$defs/end"},
  "connection_info":{"type":"object","required":["direction_id"],"additionalProperties":false,"properties":{"direction_id":{"type":"integer"},"protocol_num":{"type":"integer","minimum":0,"maximum":255},"protocol_name":{"type":"string"}}}}}},
 "observables":{"type":"array","items":{"type":"object","required":["name","type_id","value"],"additionalProperties":false,"properties":{"name":{"type":"string"},"type_id":{"enum":[1,2,11]},"type":{"enum":["Hostname","IP Address","Port"]},"value":{"type":"string","minLength":1}}}},
 "unmapped":{"type":"object"}},
"$defs":{"technique":{"type":"object","required":["uid"],"additionalProperties":false,"properties":{"uid":{"type":"string","pattern":"^T[0-9]{4}(\\.[0-9]{3})?$"}}},
 "end":{"type":"object","additionalProperties":false,"properties":{"ip":{"$ref":"#/$defs/ip"},"hostname":{"type":"string"},"port":{"type":"integer","minimum":0,"maximum":65535}}},
 "ip":{"type":"string","pattern":"^[0-9a-f.:]+$"}}}`

const ecsSchema = `{
"type":"object","required":["@timestamp","ecs","message","event","rule","observer","seine"],"additionalProperties":false,"properties":{
 "@timestamp":{"type":"string","format":"date-time"},"message":{"type":"string"},
 "ecs":{"type":"object","required":["version"],"properties":{"version":{"type":"string"}}},
 "event":{"type":"object","required":["kind","category","type","id"],"additionalProperties":false,"properties":{"kind":{"const":"alert"},"category":{"type":"array","items":{"enum":["network","intrusion_detection"]}},
  "type":{"type":"array","items":{"enum":["info"]}},"module":{"type":"string"},"dataset":{"type":"string"},"provider":{"type":"string"},"id":{"type":"string"},"action":{"type":"string"},
  "severity":{"type":"integer"},"risk_score":{"type":"number","minimum":0,"maximum":100},"start":{"type":"string","format":"date-time"},"end":{"type":"string","format":"date-time"},"duration":{"type":"integer","minimum":0}}},
 "rule":{"type":"object","required":["id","name"],"additionalProperties":false,"properties":{"id":{"type":"string"},"name":{"type":"string"},"category":{"type":"string"},"ruleset":{"type":"string"}}},
 "threat":{"type":"object","required":["framework","technique"],"additionalProperties":false,"properties":{"framework":{"type":"string"},"technique":{"type":"object","required":["id"],"additionalProperties":false,"properties":{
  "id":{"type":"array","items":{"type":"string","pattern":"^T[0-9]{4}$"}},"subtechnique":{"type":"object","required":["id"],"properties":{"id":{"type":"array","items":{"type":"string","pattern":"^T[0-9]{4}\\.[0-9]{3}$"}}}}}}}},
 "source":{"$ref":"#/$defs/end"},"destination":{"$ref":"#/$defs/end"},
 "network":{"type":"object","additionalProperties":false,"properties":{"transport":{"type":"string"},"iana_number":{"type":"string"}}},
 "related":{"type":"object","additionalProperties":false,"properties":{"ip":{"type":"array","items":{"type":"string","pattern":"^[0-9a-f.:]+$"}},"hosts":{"type":"array","items":{"type":"string"}}}},
 "observer":{"type":"object","properties":{"vendor":{"type":"string"},"product":{"type":"string"},"type":{"type":"string"},"version":{"type":"string"}}},
 "log":{"type":"object","required":["file"],"properties":{"file":{"type":"object","required":["path"],"properties":{"path":{"type":"string"}}}}},
 "seine":{"type":"object","required":["id","severity","facts","evidence"]}},
"$defs":{"end":{"type":"object","additionalProperties":false,"properties":{"address":{"type":"string"},"ip":{"type":"string","pattern":"^[0-9a-f.:]+$"},"port":{"type":"integer"}}}}}`

const eveSchema = `{
"type":"object","required":["timestamp","event_type","alert","seine"],"additionalProperties":false,"properties":{
 "timestamp":{"type":"string","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{6}\\+0000$"},"event_type":{"const":"alert"},
 "src_ip":{"type":"string"},"src_port":{"type":"integer"},"dest_ip":{"type":"string"},"dest_port":{"type":"integer"},"proto":{"type":"string","pattern":"^[A-Z0-9-]+$"},
 "icmp_type":{"type":"integer"},"icmp_code":{"type":"integer"},"message":{"type":"string"},
 "alert":{"type":"object","required":["action","gid","signature_id","rev","signature","category","severity"],"additionalProperties":false,"properties":{"action":{"const":"allowed"},"gid":{"const":5318},
  "signature_id":{"type":"integer","minimum":1073741824,"maximum":2147483647},"rev":{"const":1},"signature":{"type":"string","pattern":"^SEINE "},"category":{"type":"string","minLength":1},"severity":{"type":"integer","minimum":1,"maximum":3},
  "metadata":{"type":"object","additionalProperties":{"type":"array","items":{"type":"string"}}}}},
 "flow":{"type":"object","additionalProperties":false,"properties":{"pkts_toserver":{"type":"integer"},"pkts_toclient":{"type":"integer"},"bytes_toserver":{"type":"integer"},"bytes_toclient":{"type":"integer"},"start":{"type":"string"}}},
 "seine":{"type":"object","required":["id","severity","facts","evidence"]}}}`

// checked reads JSON and validates it against a schema.
func checked(t *testing.T, schema string, doc []byte) any {
	t.Helper()
	v, root, err := newValidator([]byte(schema))
	if err != nil {
		t.Fatal(err)
	}
	x := read(t, doc)
	if err := v.check(root, root, x, "$"); err != nil {
		t.Errorf("%v\n%s", err, doc)
	}
	return x
}

func lines(doc []byte) [][]byte {
	var all [][]byte
	for line := range bytes.Lines(doc) {
		all = append(all, line)
	}
	return all
}

// at walks into JSON: "runs", 0, "results".
func at(x any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := x.(map[string]any)
			x = m[p]
		case int:
			l, _ := x.([]any)
			if p >= len(l) {
				return nil
			}
			x = l[p]
		}
	}
	return x
}

func list(x any, path ...any) []any { l, _ := at(x, path...).([]any); return l }

func TestSARIF(t *testing.T) {
	for _, r := range runsOf() {
		t.Run(r.name, func(t *testing.T) {
			doc := write(t, "sarif", Options{Names: r.names, Version: "1.2.3", Chain: []*detectors.Detector{beacon}}, r.alerts, summary(r.alerts))
			x := checked(t, sarifSchema, doc)
			results, rules := list(x, "runs", 0, "results"), list(x, "runs", 0, "tool", "driver", "rules")
			if len(results) != len(r.alerts) || len(rules) < len(beacon.Rules) {
				t.Fatalf("%d results, %d rules", len(results), len(rules))
			}
			artifacts := list(x, "runs", 0, "artifacts")
			placed := func(l any) {
				index, ok := at(l, "physicalLocation", "artifactLocation", "index").(float64)
				if !ok || int(index) >= len(artifacts) {
					t.Fatalf("location %v has no artifact", l)
				}
				uri := at(artifacts[int(index)], "location", "uri")
				if uri != at(l, "physicalLocation", "artifactLocation", "uri") {
					t.Errorf("artifact %v is another than %v", uri, l)
				}
				if _, err := url.Parse(uri.(string)); err != nil {
					t.Error(err)
				}
			}
			for i, result := range results {
				a := r.alerts[i]
				index := int(at(result, "ruleIndex").(float64))
				if id := at(rules[index], "id"); id != at(result, "ruleId") || id != ruleID(a.Detector, a.Rule) {
					t.Errorf("result %d has rule %v, which is %v", i, at(result, "ruleId"), id)
				}
				if id := at(result, "partialFingerprints", "seineAlertId/v1"); id != string(a.AppendID(nil)) {
					t.Errorf("result %d has the id %v", i, id)
				}
				for _, l := range append(list(result, "locations"), list(result, "relatedLocations")...) {
					placed(l)
				}
				if n := len(list(result, "locations")) + len(list(result, "relatedLocations")); n != len(a.Evidence) {
					t.Errorf("result %d has %d places of %d", i, n, len(a.Evidence))
				}
				if line, ok := at(result, "locations", 0, "physicalLocation", "region", "startLine").(float64); ok && uint64(line) != a.Evidence[0].Row {
					t.Errorf("result %d stands in line %v", i, line)
				}
				message := at(result, "message", "text").(string)
				if strings.Contains(message, "](") || regexp.MustCompile(`(^|[^{])\{[0-9]`).MatchString(message) {
					t.Errorf("a message is more than text: %s", message)
				}
			}
		})
	}
}

func TestFileURIs(t *testing.T) {
	for name, want := range map[string]string{
		"flows.csv": "flows.csv", "logs/a b.csv": "logs/a%20b.csv", "/var/log/x#1.csv": "file:///var/log/x%231.csv", "-": "stdin", "": "unknown",
		"https://example.org/a?b=1": "https://example.org/a?b=1", "javascript:alert(1)": "./javascript:alert%281%29", "//host/share": "file:///host/share",
		"C:/logs/a.csv": "file:///C:/logs/a.csv",
	} {
		got := fileURI(name)
		u, err := url.Parse(got)
		if err != nil || got != want && strings.ReplaceAll(strings.ReplaceAll(got, "(", "%28"), ")", "%29") != want {
			t.Errorf("%q is %q (%v), want %q", name, got, err, want)
		} else if u.Scheme == "javascript" {
			t.Errorf("%q is a script", got)
		}
	}
}

func TestOCSF(t *testing.T) {
	for _, r := range runsOf() {
		t.Run(r.name, func(t *testing.T) {
			events := lines(write(t, "ocsf", Options{Names: r.names, Version: "1.2.3"}, r.alerts, summary(r.alerts)))
			if len(events) != len(r.alerts) {
				t.Fatalf("%d events", len(events))
			}
			for i, event := range events {
				x := checked(t, ocsfSchema, event)
				a := r.alerts[i]
				if at(x, "type_uid").(float64) != 100*at(x, "class_uid").(float64)+at(x, "activity_id").(float64) {
					t.Error("type_uid is none of this class and activity")
				}
				if got := at(x, "time").(float64); got != float64(a.Time.UTC().UnixMilli()) {
					t.Errorf("time is %v, want %d", got, a.Time.UTC().UnixMilli())
				}
				if len(list(x, "evidences")) != len(a.Evidence) || at(x, "finding_info", "uid") != string(a.AppendID(nil)) {
					t.Errorf("%s", event)
				}
				for _, e := range list(x, "evidences") {
					for _, end := range []string{"src_endpoint", "dst_endpoint"} {
						if ip, ok := at(e, end, "ip").(string); ok {
							if _, err := netip.ParseAddr(ip); err != nil {
								t.Error(err)
							}
						}
					}
				}
			}
		})
	}
}

func TestECS(t *testing.T) {
	for _, r := range runsOf() {
		t.Run(r.name, func(t *testing.T) {
			events := lines(write(t, "ecs", Options{Names: r.names, Version: "1.2.3"}, r.alerts, summary(r.alerts)))
			if len(events) != len(r.alerts) {
				t.Fatalf("%d events", len(events))
			}
			for i, event := range events {
				x := checked(t, ecsSchema, event)
				if at(x, "event", "id") != string(r.alerts[i].AppendID(nil)) || at(x, "message") == nil {
					t.Errorf("%s", event)
				}
				for _, ip := range list(x, "related", "ip") {
					if _, err := netip.ParseAddr(ip.(string)); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
}

func TestEVE(t *testing.T) {
	for _, r := range runsOf() {
		t.Run(r.name, func(t *testing.T) {
			events := lines(write(t, "eve", Options{Names: r.names}, r.alerts, summary(r.alerts)))
			if len(events) != len(r.alerts) {
				t.Fatalf("%d events", len(events))
			}
			for i, event := range events {
				x := checked(t, eveSchema, event)
				if got, err := time.Parse(eveTime, at(x, "timestamp").(string)); err != nil || got.UnixMicro() != r.alerts[i].Time.UTC().UnixMicro() {
					t.Errorf("time %v: %v", got, err)
				}
			}
		})
	}
}

// Numbers of signatures stay what they are, for people filter by them, and no
// two rules share one.
func TestSignatures(t *testing.T) {
	if got := signatureID(fanout, &fanout.Rules[0]); got != 1610275685 {
		t.Errorf("the number of a signature became %d", got)
	}
	seen := map[uint32]string{}
	for _, d := range builtin.Chain() {
		for i := range d.Rules {
			n, id := signatureID(d, &d.Rules[i]), ruleID(d, &d.Rules[i])
			if seen[n] != "" {
				t.Errorf("%s and %s have the same number", id, seen[n])
			}
			seen[n] = id
		}
	}
}

var stixKinds = map[string][]string{ // what each requires besides type, spec_version and id
	"identity":        {"created", "modified", "name", "identity_class"},
	"indicator":       {"created", "modified", "created_by_ref", "pattern", "pattern_type", "valid_from"},
	"attack-pattern":  {"created", "modified", "created_by_ref", "name", "external_references"},
	"relationship":    {"created", "modified", "created_by_ref", "relationship_type", "source_ref", "target_ref"},
	"sighting":        {"created", "modified", "created_by_ref", "sighting_of_ref", "where_sighted_refs", "count"},
	"observed-data":   {"created", "modified", "created_by_ref", "first_observed", "last_observed", "number_observed", "object_refs"},
	"ipv4-addr":       {"value"},
	"ipv6-addr":       {"value"},
	"domain-name":     {"value"},
	"network-traffic": {"protocols", "src_ref", "dst_ref"},
}

func TestSTIX(t *testing.T) {
	uuid := regexp.MustCompile(`^[a-z0-9-]+--[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for _, r := range runsOf() {
		t.Run(r.name, func(t *testing.T) {
			x := read(t, write(t, "stix", Options{Names: r.names}, r.alerts, summary(r.alerts)))
			if at(x, "type") != "bundle" || !uuid.MatchString(fmt.Sprint(at(x, "id"))) || len(x.(map[string]any)) != 3 {
				t.Fatalf("%v", x)
			}
			ids := map[string]map[string]any{}
			sightings := 0
			for _, o := range list(x, "objects") {
				o := o.(map[string]any)
				kind, id := fmt.Sprint(o["type"]), fmt.Sprint(o["id"])
				required, known := stixKinds[kind]
				if !known || !strings.HasPrefix(id, kind+"--") || !uuid.MatchString(id) || o["spec_version"] != "2.1" {
					t.Errorf("%v", o)
				}
				if ids[id] != nil {
					t.Errorf("%s is there twice", id)
				}
				for _, key := range required {
					if o[key] == nil {
						t.Errorf("%s has no %s: %v", kind, key, o)
					}
				}
				if kind == "sighting" {
					sightings++
				}
				ids[id] = o
			}
			if sightings != len(r.alerts) {
				t.Errorf("%d sightings of %d alerts", sightings, len(r.alerts))
			}
			for id, o := range ids { // what is referred to is there, and times are in order
				for key, v := range o {
					refs, _ := v.([]any)
					if ref, ok := v.(string); ok && strings.HasSuffix(key, "_ref") {
						refs = []any{ref}
					}
					if strings.HasSuffix(key, "_ref") || strings.HasSuffix(key, "_refs") {
						for _, ref := range refs {
							if ids[ref.(string)] == nil {
								t.Errorf("%s refers to %v, which is not there", id, ref)
							}
						}
						if len(refs) == 0 {
							t.Errorf("%s has an empty %s", id, key)
						}
					}
				}
				for _, pair := range [][2]string{{"created", "modified"}, {"first_seen", "last_seen"}, {"first_observed", "last_observed"}, {"start", "end"}} {
					from, ok1 := o[pair[0]].(string)
					to, ok2 := o[pair[1]].(string)
					if !ok1 || !ok2 {
						continue
					}
					a, err1 := time.Parse("2006-01-02T15:04:05.000Z", from)
					b, err2 := time.Parse("2006-01-02T15:04:05.000Z", to)
					if err1 != nil || err2 != nil || b.Before(a) {
						t.Errorf("%s: %s to %s", id, from, to)
					}
				}
			}
		})
	}
}

// Ids of observables are those of the standard, so that platforms know an
// address from elsewhere again: the UUID of the address 198.51.100.3 was
// worked out by other means.
func TestIDsOfObservables(t *testing.T) {
	if got := stixID("ipv4-addr", stixObservables, canonicalMembers("value", "198.51.100.3")); got != "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4" {
		t.Error(got)
	}
}

// A bundle of the same alerts is the same; one of others is another.
func TestBundlesAreDeterministic(t *testing.T) {
	all := func(alerts []*detectors.Alert) string {
		return string(write(t, "stix", Options{Names: names}, alerts, summary(alerts)))
	}
	if first, again := all(normal()), all(normal()); first != again {
		t.Error("the same alerts give another bundle")
	}
	if at(read(t, []byte(all(normal()))), "id") == at(read(t, []byte(all(normal()[:1]))), "id") {
		t.Error("other alerts give the same bundle")
	}
}

// What is read back of Parquet is what the JSON of an alert says.
func TestParquet(t *testing.T) {
	for _, r := range runsOf() {
		for _, most := range []int{1, 3, groupAlerts} {
			t.Run(fmt.Sprint(r.name, most), func(t *testing.T) {
				var out bytes.Buffer
				o := Options{Names: r.names}
				sink := newAlertParquet(&out, o, most)
				for _, a := range r.alerts {
					if err := sink.Alert(a); err != nil {
						t.Fatal(err)
					}
				}
				if err := sink.Close(nil); err != nil {
					t.Fatal(err)
				}
				rows := parquetRows(t, out.Bytes())
				if len(rows) != len(r.alerts) {
					t.Fatalf("%d rows of %d alerts", len(rows), len(r.alerts))
				}
				enc := newEncoder(o)
				for i, a := range r.alerts {
					x := read(t, enc.alert(nil, a)).(map[string]any)
					for _, c := range alertColumns() {
						got, has := rows[i][c.name]
						want, wanted := x[c.name]
						switch {
						case c.name == "severity_level":
							want, wanted = float64(a.Severity), true
						case c.time && wanted:
							at, _ := time.Parse(time.RFC3339Nano, want.(string))
							want = float64(at.UnixNano())
						case c.json && has:
							got = read(t, []byte(got.(string)))
						case c.name == "summary" && has:
							got = read(t, quote(nil, got.(string)))
						}
						if wanted != has && fmt.Sprint(want) != "" || has && fmt.Sprint(got) != fmt.Sprint(want) {
							t.Errorf("row %d: %s is %v (%v), want %v (%v)", i, c.name, got, has, want, wanted)
						}
					}
				}
			})
		}
	}
}

// parquetRows reads a file whole.
func parquetRows(t *testing.T, doc []byte) []map[string]any {
	t.Helper()
	f, err := file.NewParquetReader(bytes.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]any
	for g := range f.NumRowGroups() {
		group := f.RowGroup(g)
		n := int(group.NumRows())
		from := len(rows)
		for range n {
			rows = append(rows, map[string]any{})
		}
		for i, c := range alertColumns() {
			r, err := group.Column(i)
			if err != nil {
				t.Fatal(err)
			}
			levels := make([]int16, n)
			var values []any
			switch r := r.(type) {
			case *file.Int32ColumnChunkReader:
				values = columnOf(t, r.ReadBatch, levels, func(v int32) any { return float64(uint32(v)) })
			case *file.Int64ColumnChunkReader:
				values = columnOf(t, r.ReadBatch, levels, func(v int64) any { return float64(v) })
			case *file.Float64ColumnChunkReader:
				values = columnOf(t, r.ReadBatch, levels, func(v float64) any { return v })
			case *file.ByteArrayColumnChunkReader:
				values = columnOf(t, r.ReadBatch, levels, func(v parquet.ByteArray) any { return string(v) })
			}
			at := 0
			for k, level := range levels {
				if level == 1 {
					rows[from+k][c.name] = values[at]
					at++
				}
			}
		}
	}
	return rows
}

// columnOf reads the values of a column that are not null.
func columnOf[T any](t *testing.T, readBatch func(int64, []T, []int16, []int16) (int64, int, error), levels []int16, value func(T) any) []any {
	t.Helper()
	buf := make([]T, len(levels))
	at, values := 0, 0
	for at < len(levels) {
		n, v, err := readBatch(int64(len(levels)-at), buf[values:], levels[at:], nil)
		if err != nil || n == 0 {
			t.Fatal(n, err)
		}
		at, values = at+int(n), values+v
	}
	var all []any
	for _, v := range buf[:values] {
		all = append(all, value(v))
	}
	return all
}

func TestMarkdown(t *testing.T) {
	for _, s := range attacks {
		got := markdown(s)
		for _, bad := range []string{"<", "://", "\n", "\x1b", "www."} {
			if strings.Contains(got, bad) {
				t.Errorf("%q became %q", s, got)
			}
		}
	}
	for s, want := range map[string]string{
		"a|b": `a\|b`, "[x](http://y)": `\[x\](http\://y)`, "@team #12": "@&#8203;team #&#8203;12", "a_b*c`d": "a\\_b\\*c\\`d", "10.0.0.1 → 5 %": "10.0.0.1 → 5 %",
	} {
		if got := markdown(s); got != want {
			t.Errorf("%q is %q, want %q", s, got, want)
		}
	}
	// No text of the input makes a row of a table longer or shorter.
	doc := string(write(t, "markdown", Options{Names: attackLexicon}, hostile(), summary(hostile())))
	cells := 0
	for line := range strings.Lines(doc) {
		if !strings.HasPrefix(line, "|") {
			cells = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if cells > 0 && n != cells {
			t.Errorf("%d cells instead of %d: %s", n, cells, line)
		}
		cells = n
	}
	// Much is cut, and said to be.
	var many []*detectors.Alert
	for range 40 {
		many = append(many, normal()...)
	}
	doc = string(write(t, "markdown", Options{Names: names}, many, summary(many)))
	for _, want := range []string{"# Seine: 160 findings (", "60 further findings not listed here", "75 findings told in the table alone"} {
		if !strings.Contains(doc, want) {
			t.Errorf("%q is not told", want)
		}
	}
	if !json.Valid(quote(nil, doc)) {
		t.Error("not text")
	}
}

// Each ending means one output.
func TestLongEndings(t *testing.T) {
	for path, want := range map[string]string{
		"a.stix.json": "stix", "a.sarif": "sarif", "a.SARIF.json": "sarif", "a.eve.json": "eve", "x.ocsf.ndjson": "ocsf", "a.md": "markdown", "a.ecs": "ecs",
		"stix.json": "json", "a.parquet": "parquet", "dir.sarif/a.json": "json",
	} {
		if f, err := ByExtension(path); err != nil || f.Name != want {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
}
