package grpcauth_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	testpb "google.golang.org/grpc/interop/grpc_testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

func TestAStreamCarriesNoMessageAfterRevocation(t *testing.T) {
	tt := tokentest.New(t)
	for _, stop := range []struct {
		name string
		do   func(token apitoken.Token) error
	}{
		{"revoked", func(token apitoken.Token) error { return tt.Manager.Revoke(t.Context(), apitoken.System(), token.ID) }},
		{"its owner disabled", func(apitoken.Token) error { return tt.Manager.DisableUser(t.Context(), apitoken.System(), "ada") }},
	} {
		t.Run(stop.name, func(t *testing.T) {
			token, text := tt.Generate(apitoken.GenerateParams{Owner: "ada"})
			_, client := serve(t, tt.Manager, nil)
			stream, err := client.FullDuplexCall(with(t, "Bearer "+text))
			must(t, err)
			user, err := echo(stream)
			wantCode(t, "before", codes.OK, err)
			if user != "ada" {
				t.Errorf("the stream is served as %q", user)
			}
			must(t, stop.do(token))
			_, err = echo(stream)
			wantCode(t, "after", codes.Unauthenticated, err)
		})
	}
}

func TestAMessageFromTheClientDoesNotGetThroughAfterRevocation(t *testing.T) {
	tt := tokentest.New(t)
	token, text := tt.Generate(apitoken.GenerateParams{Owner: "ada"})
	s, client := serve(t, tt.Manager, nil)
	stream, err := client.StreamingInputCall(with(t, "Bearer "+text))
	must(t, err)
	must(t, stream.Send(&testpb.StreamingInputCallRequest{}))
	<-s.received
	must(t, tt.Manager.Revoke(t.Context(), apitoken.System(), token.ID))
	_ = stream.Send(&testpb.StreamingInputCallRequest{}) // if this fails, the answer says why
	_, err = stream.CloseAndRecv()
	wantCode(t, "after", codes.Unauthenticated, err)
	if len(s.received) > 0 {
		t.Error("the handler has the message")
	}
}

func TestAMessageToTheClientDoesNotGetThroughAfterRevocation(t *testing.T) {
	tt := tokentest.New(t)
	token, text := tt.Generate(apitoken.GenerateParams{Owner: "ada"})
	s, client := serve(t, tt.Manager, nil)
	stream, err := client.StreamingOutputCall(with(t, "Bearer "+text), &testpb.StreamingOutputCallRequest{})
	must(t, err)
	_, err = stream.Recv()
	wantCode(t, "before", codes.OK, err)
	must(t, tt.Manager.Revoke(t.Context(), apitoken.System(), token.ID))
	s.again <- struct{}{}
	_, err = stream.Recv()
	wantCode(t, "after", codes.Unauthenticated, err)
}

func TestAFailingStoreEndsAStreamAsUnavailable(t *testing.T) {
	var fails atomic.Bool
	store := storetest.Faulty{Store: memstore.New(), Before: func(_ context.Context, method string) error {
		if method == "Lookup" && fails.Load() {
			return errors.New("connection reset")
		}
		return nil
	}}
	m, err := apitoken.New(store, nil)
	must(t, err)
	_, err = m.PutUser(t.Context(), apitoken.System(), apitoken.User{ID: "ada"})
	must(t, err)
	_, secret, err := m.Generate(t.Context(), apitoken.As("ada"), apitoken.GenerateParams{Owner: "ada", Name: "ci"})
	must(t, err)
	_, client := serve(t, m, nil)
	stream, err := client.FullDuplexCall(with(t, "Bearer "+secret.Reveal()))
	must(t, err)
	_, err = echo(stream)
	wantCode(t, "before", codes.OK, err)
	fails.Store(true)
	_, err = echo(stream)
	wantCode(t, "after", codes.Unavailable, err)
}

// No message is sent on this stream, so nothing authenticates. The deadline of the context ends it. The deadline is as far
// away as the expiry of the token is, by the Manager's clock, when the stream begins.
func TestAnIdleStreamEndsWhenItsTokenExpires(t *testing.T) {
	tt := tokentest.New(t)
	_, text := tt.Generate(apitoken.GenerateParams{Owner: "ada", Lifetime: time.Hour})
	tt.Clock.Add(time.Hour - time.Microsecond)
	_, client := serve(t, tt.Manager, nil)
	stream, err := client.StreamingOutputCall(with(t, "Bearer "+text), &testpb.StreamingOutputCallRequest{})
	must(t, err)
	_, err = stream.Recv()
	wantCode(t, "before", codes.OK, err)
	_, err = stream.Recv()
	wantCode(t, "at the end", codes.Unauthenticated, err)
}
