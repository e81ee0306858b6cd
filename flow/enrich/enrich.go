// Package enrich holds what is known beside the flows: threat lists, places,
// machines and their services. All of it comes from files, each optional; what
// is absent knows nothing and is never an error. Each statement carries the
// file and entry that it comes from.
package enrich

import (
	"seine/flow/enrich/assets"
	"seine/flow/enrich/geo"
	"seine/flow/enrich/intel"
	"seine/flow/enrich/inventory"
)

// Knowledge is what is known beside the flows. Its parts may be nil, and so
// may a pointer to it be where Or is called.
type Knowledge struct {
	Intel     *intel.Table
	Geo       *geo.DB
	Assets    *assets.Table
	Inventory *inventory.Table
}

// Or gives k, or empty knowledge for nil.
func (k *Knowledge) Or() *Knowledge {
	if k == nil {
		return &Knowledge{}
	}
	return k
}
