module palisade.dev/guard

go 1.25.0

require github.com/gaissmai/bart v0.30.0
