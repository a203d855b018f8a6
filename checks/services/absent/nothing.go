// Package nothing stands in for packages that are imported for what they register: clients of clouds.
package nothing
