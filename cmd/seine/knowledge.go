package main

import (
	"errors"
	"fmt"
	"strings"

	"seine/cmd/seine/internal/settings"
	"seine/flow/enrich"
	"seine/flow/enrich/assets"
	"seine/flow/enrich/geo"
	"seine/flow/enrich/intel"
	"seine/flow/enrich/inventory"
)

// knowledge loads what the options name beside the flows. Faults that it
// survives are told on standard error; the others are errors of the
// configuration.
func knowledge(o *settings.Options) (*enrich.Knowledge, error) {
	k, err := places(o)
	errs := []error{err}
	for _, load := range []func(*settings.Options, *enrich.Knowledge) (warnings []string, err error){
		loadIntel, loadInventory,
	} {
		warnings, err := load(o, k)
		errs = append(errs, err)
		if !o.Quiet {
			warn(warnings)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, &codeError{exitUsage, err}
	}
	return k, nil
}

// places loads into o.Known, once, what conditions on flows may ask: the
// machines and the places. Its result is never nil.
func places(o *settings.Options) (*enrich.Knowledge, error) {
	if o.Known != nil {
		return o.Known, nil
	}
	o.Known = &enrich.Knowledge{}
	var errs []error
	if len(o.Geo) > 0 {
		db, warnings, err := geo.Load(o.Geo)
		o.Known.Geo, errs = db, append(errs, origin("geo", err))
		if !o.Quiet {
			warn(warnings)
		}
	}
	if len(o.Assets) > 0 {
		table, warnings, err := assets.Load(o.Assets)
		o.Known.Assets, errs = table, append(errs, origin("assets", err))
		if !o.Quiet {
			warn(warnings)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return o.Known, &codeError{exitUsage, err}
	}
	return o.Known, nil
}

// origin puts the name of a setting before each fault of its files.
func origin(setting string, err error) error {
	if err == nil {
		return nil
	}
	var lines []error
	for line := range strings.SplitSeq(err.Error(), "\n") {
		lines = append(lines, fmt.Errorf("--%s: %s", setting, line))
	}
	return errors.Join(lines...)
}

// loadIntel loads the threat lists.
func loadIntel(o *settings.Options, k *enrich.Knowledge) ([]string, error) {
	if len(o.Intel) == 0 || k.Intel != nil {
		return nil, nil
	}
	var err error
	k.Intel, err = intel.Load(o.Intel, intel.Options{AsOf: o.AsOf})
	if err != nil {
		return nil, origin("intel", err)
	}
	return k.Intel.Warnings(), nil
}

// loadInventory loads scans and what is known of vulnerabilities.
func loadInventory(o *settings.Options, k *enrich.Knowledge) ([]string, error) {
	files := inventory.Files{Scans: o.Inventory, KEV: o.KEV, EPSS: o.EPSS, NVD: o.NVD}
	if len(files.Scans)+len(files.KEV)+len(files.EPSS)+len(files.NVD) == 0 || k.Inventory != nil {
		return nil, nil
	}
	var err error
	k.Inventory, err = inventory.Load(files)
	return k.Inventory.Warnings(), err
}
