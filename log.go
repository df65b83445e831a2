package apitoken

import (
	"log/slog"
	"time"
)

// logGroup collects the fields of a value for the log: short names, no empty field, nothing secret.
type logGroup []slog.Attr

func (g *logGroup) value(key string, v slog.Value) {
	if v.Kind() == slog.KindGroup && len(v.Group()) == 0 {
		return
	}
	*g = append(*g, slog.Attr{Key: key, Value: v})
}

func (g *logGroup) text(key, text string) {
	if text != "" {
		g.value(key, slog.StringValue(text))
	}
}

func (g *logGroup) time(key string, t time.Time) {
	if !t.IsZero() {
		g.value(key, slog.TimeValue(t))
	}
}
