package api

import (
	"context"

	"palisade.dev/backend/access"
	"palisade.dev/backend/detect"
	"palisade.dev/store"
)

// Detected is a detection with its evidence.
type Detected struct {
	store.Detection
	Evidence detect.Evidence `json:"evidence"`
}

// Recipe is one way in which attacks are detected.
type Recipe struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
	Title   string `json:"title"`
	Of      string `json:"of" doc:"kind of the acts that it counts: login, signup, payment, send or request"`
	Window  string `json:"window"`
	Doc     string `json:"doc" doc:"Markdown"`
}

func (a *api) detections() {
	op(a, on(access.See), "GET", "/sites/{site}/detections", "list-detections", "Attacks that were detected: what goes on, the worst first, or all, newest first", func(ctx context.Context, in *struct {
		On
		State  string `query:"state" enum:"open,all" default:"open"`
		Before string `query:"before" maxLength:"64" doc:"of all: id of the last one seen"`
		Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"500"`
	},
	) ([]store.Detection, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return nil, err
		}
		read := a.DB.OpenDetections
		if in.State == "all" {
			read = func(ctx context.Context, site string, limit int) ([]store.Detection, error) {
				return a.DB.Detections(ctx, site, in.Before, limit)
			}
		}
		list, err := read(ctx, s.ID, in.Limit)
		return append([]store.Detection{}, list...), err
	})
	op(a, on(access.See), "GET", "/sites/{site}/detections/{id}", "get-detection", "A detection with its evidence", func(ctx context.Context, in *struct {
		On
		ID string `path:"id"`
	},
	) (Detected, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return Detected{}, err
		}
		d, err := a.DB.Detection(ctx, s.ID, in.ID)
		if err != nil {
			return Detected{}, err
		}
		e, err := detect.ReadEvidence(d)
		return Detected{d, e}, err
	})
	op(a, on(access.Respond), "POST", "/sites/{site}/detections/{id}/answer", "answer-detection", "Say what a detection was, which ends it", func(ctx context.Context, in *struct {
		On
		ID   string `path:"id"`
		Body struct {
			Answer string `json:"answer" enum:"handled,harmless" doc:"handled: an attack, silent for an hour; harmless: none, silent for 30 days about the same key"`
			Reason string `json:"reason,omitempty" maxLength:"1000"`
		}
	},
	) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		return done{"the detection is over: " + in.Body.Answer}, a.Detections.Answer(ctx, s.ID, in.ID, in.Body.Answer, in.Body.Reason, author(ctx))
	})
	op(a, anyone, "GET", "/recipes", "list-recipes", "The recipes by which attacks are detected", func(context.Context, *struct{}) ([]Recipe, error) {
		var list []Recipe
		for _, r := range a.Detections.Recipes {
			list = append(list, Recipe{r.ID, r.Version, r.Title, r.Of, r.Window.String(), r.Doc})
		}
		return list, nil
	})
}
