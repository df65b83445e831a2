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
			if err != nil {
				t.Fatal(err)
			}
			user, err := echo(stream)
			wantCode(t, "before", codes.OK, err)
			if user != "ada" {
				t.Errorf("the stream is served as %q", user)
			}
			if err := stop.do(token); err != nil {
				t.Fatal(err)
			}
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
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&testpb.StreamingInputCallRequest{}); err != nil {
		t.Fatal(err)
	}
	<-s.received
	if err := tt.Manager.Revoke(t.Context(), apitoken.System(), token.ID); err != nil {
		t.Fatal(err)
	}
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
	if err != nil {
		t.Fatal(err)
	}
	_, err = stream.Recv()
	wantCode(t, "before", codes.OK, err)
	if err := tt.Manager.Revoke(t.Context(), apitoken.System(), token.ID); err != nil {
		t.Fatal(err)
	}
	s.again <- struct{}{}
	_, err = stream.Recv()
	wantCode(t, "after", codes.Unauthenticated, err)
}

func TestTroubleEndsAStreamAsTrouble(t *testing.T) {
	var fails atomic.Bool
	store := storetest.Faulty{Store: memstore.New(), Before: func(_ context.Context, method string) error {
		if method == "Lookup" && fails.Load() {
			return errors.New("connection reset")
		}
		return nil
	}}
	m, err := apitoken.New(store, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.PutUser(t.Context(), apitoken.System(), apitoken.User{ID: "ada"}); err != nil {
		t.Fatal(err)
	}
	_, secret, err := m.Generate(t.Context(), apitoken.As("ada"), apitoken.GenerateParams{Owner: "ada", Name: "ci"})
	if err != nil {
		t.Fatal(err)
	}
	_, client := serve(t, m, nil)
	stream, err := client.FullDuplexCall(with(t, "Bearer "+secret.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	_, err = echo(stream)
	wantCode(t, "before", codes.OK, err)
	fails.Store(true)
	_, err = echo(stream)
	wantCode(t, "after", codes.Unavailable, err)
}

// Nothing is sent on this stream, and nobody looks. The context has a deadline on the computer's clock, as far away as the
// end of the token is on the Manager's when the stream begins.
func TestAnIdleStreamEndsWhenItsTokenExpires(t *testing.T) {
	tt := tokentest.New(t)
	_, text := tt.Generate(apitoken.GenerateParams{Owner: "ada", Lifetime: time.Hour})
	tt.Clock.Add(time.Hour - time.Microsecond)
	_, client := serve(t, tt.Manager, nil)
	stream, err := client.StreamingOutputCall(with(t, "Bearer "+text), &testpb.StreamingOutputCallRequest{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = stream.Recv()
	wantCode(t, "before", codes.OK, err)
	_, err = stream.Recv()
	wantCode(t, "at the end", codes.Unauthenticated, err)
}
