// Package geo tells the country and the autonomous system of an address from
// databases that the user has: files in MaxMind's format (.mmdb), as GeoLite2,
// DB-IP and IPinfo give out, and CSV files of ranges.
//
// Several databases add up: of each statement the first database that makes it
// counts, in the order in which they were named. What a field is called
// differs between makers, so all of their spellings are looked for, whatever
// the type that a database claims to be of. A country is a code of ISO 3166-1;
// where the address is, not where whoever owns it is registered.
//
// A database is asked for one address at a time, and not loaded into memory
// but for CSV. What a damaged one cannot tell is not known, and noted: see
// [DB.Faults].
package geo

import (
	_ "embed"
	"net/netip"
	"sync"

	"seine/flow"
	"seine/flow/enrich/provenance"
)

// Doc describes the databases.
//
//go:embed README.md
var Doc string

// A Place is where an address is, as far as the databases tell.
type Place struct {
	Country string // ISO 3166-1 alpha-2, or empty
	ASN     uint32 // number of the autonomous system, or 0
	Org     string // its name; may hold anything

	// Where the country and the system come from: the file, the type of the
	// database as it names it, and when it was built; of CSV the line.
	CountryFrom, ASNFrom provenance.Entry
}

// A DB is any number of databases. A nil DB knows nothing. Its methods may be
// called from several goroutines.
type DB struct {
	tables []table

	mu     sync.Mutex
	faults []string // one for each database, the first that it had
	faulty map[table]bool
}

// A table is one database.
type table interface {
	// find tells of an address what the database does. line is the line of
	// the entry where the database has lines.
	find(ip netip.Addr) (s statement, line int, err error)
	source() *provenance.Entry
}

// A statement is what one entry says.
type statement struct {
	country string
	asn     uint32
	org     string
}

// Lookup tells where a is. An IPv4-mapped IPv6 address is where the IPv4
// address is.
func (d *DB) Lookup(a flow.Addr) (p Place) {
	if d == nil || a.IsName() {
		return p
	}
	ip := a.Netip().Unmap()
	for _, t := range d.tables {
		if p.Country != "" && p.ASN != 0 {
			break
		}
		s, line, err := t.find(ip)
		if err != nil {
			d.fault(t, err)
			continue
		}
		if p.Country == "" && s.country != "" {
			p.Country, p.CountryFrom = s.country, *t.source()
			p.CountryFrom.Line = line
		}
		if p.ASN == 0 && s.asn != 0 {
			p.ASN, p.Org, p.ASNFrom = s.asn, s.org, *t.source()
			p.ASNFrom.Line = line
		}
	}
	return p
}

// Sources are the databases, in the order in which they are asked: the file,
// the type, and when it was built.
func (d *DB) Sources() []provenance.Entry {
	if d == nil {
		return nil
	}
	var all []provenance.Entry
	for _, t := range d.tables {
		all = append(all, *t.source())
	}
	return all
}

// Faults tell which databases could not answer a question, because they are
// damaged; a sentence each.
func (d *DB) Faults() []string {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.faults...)
}

func (d *DB) fault(t table, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.faulty[t] {
		return
	}
	if d.faulty == nil {
		d.faulty = map[table]bool{}
	}
	d.faulty[t] = true
	d.faults = append(d.faults, t.source().File+": a damaged database, not every address is found: "+err.Error())
}
