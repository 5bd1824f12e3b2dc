// Code generated from the folders by scripts/folders; DO NOT EDIT.

package recipes

import (
	"palisade.dev/backend/detect"
	"palisade.dev/backend/detect/recipe/bombing"
	"palisade.dev/backend/detect/recipe/carding"
	"palisade.dev/backend/detect/recipe/cardingsite"
	"palisade.dev/backend/detect/recipe/enumeration"
	"palisade.dev/backend/detect/recipe/guessing"
	"palisade.dev/backend/detect/recipe/keyguess"
	"palisade.dev/backend/detect/recipe/keyshared"
	"palisade.dev/backend/detect/recipe/pumping"
	"palisade.dev/backend/detect/recipe/scanner"
	"palisade.dev/backend/detect/recipe/scraping"
	"palisade.dev/backend/detect/recipe/signupflood"
	"palisade.dev/backend/detect/recipe/signupsource"
	"palisade.dev/backend/detect/recipe/stuffing"
	"palisade.dev/backend/detect/recipe/stuffingshape"
	"palisade.dev/backend/detect/recipe/stuffingsite"
)

// All gives every recipe there is a folder of, by name.
func All() []detect.Recipe {
	return []detect.Recipe{
		bombing.Recipe,
		carding.Recipe,
		cardingsite.Recipe,
		enumeration.Recipe,
		guessing.Recipe,
		keyguess.Recipe,
		keyshared.Recipe,
		pumping.Recipe,
		scanner.Recipe,
		scraping.Recipe,
		signupflood.Recipe,
		signupsource.Recipe,
		stuffing.Recipe,
		stuffingshape.Recipe,
		stuffingsite.Recipe,
	}
}
