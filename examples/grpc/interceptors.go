// Package grpcauth lets calls to a gRPC server pass if they present a token: interceptors for unary calls and for streams.
// A server needs both, for each sees only calls of its own sort.
//
//	interceptors := grpcauth.New(m, nil)
//	server := grpc.NewServer(grpc.UnaryInterceptor(interceptors.Unary), grpc.StreamInterceptor(interceptors.Stream))
//
// The token is in the metadata as it would be in a header: authorization: Bearer tok_... What is refused, and what the
// options mean, is as with httpauth, whose function decides here too. The status is Unauthenticated where there is no token,
// or not one, or it is refused, with one text for all causes of a refusal; PermissionDenied for a token of another kind; and
// Unavailable, which a client may try again, where the store is in trouble.
//
// A stream can last longer than its token. This example authenticates again with each message, and ends the context of the
// stream when the token expires. So after a revocation no message gets through in either direction, but a stream on which
// none is sent stays open, until its token expires; a server with such streams closes them after some time by itself
// (keepalive.ServerParameters has MaxConnectionAge). Each message costs a look into the store; and trouble with the store
// ends a stream, with Unavailable, rather than let it go on unseen.
package grpcauth

import (
	"context"
	"errors"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
)

// Interceptors are for the calls to a server. Use [New].
type Interceptors struct {
	manager      *apitoken.Manager
	authenticate func(*http.Request) (apitoken.Identity, *httpauth.Refusal)
}

// New makes interceptors. Of the options, those about answers mean nothing here. A mistake in them panics.
func New(m *apitoken.Manager, opts *httpauth.Options) *Interceptors {
	return &Interceptors{manager: m, authenticate: httpauth.Authenticator(m, opts)}
}

// Unary is the interceptor for unary calls.
func (i *Interceptors) Unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	identity, err := i.identify(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := handler(context.WithValue(ctx, contextKey{}, identity), req)
	return answer, statusOf(err)
}

// identify tells whose token a call presents. Its error is for the client.
func (i *Interceptors) identify(ctx context.Context) (apitoken.Identity, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	header := http.Header{}
	for name, values := range md {
		header[http.CanonicalHeaderKey(name)] = values
	}
	identity, refusal := i.authenticate((&http.Request{Header: header}).WithContext(ctx))
	if refusal == nil {
		return identity, nil
	}
	switch refusal.Status() {
	case http.StatusUnauthorized:
		return identity, status.Error(codes.Unauthenticated, "the token is missing or not valid")
	case http.StatusBadRequest:
		return identity, status.Error(codes.Unauthenticated, "the metadata do not hold exactly one token")
	case http.StatusForbidden:
		return identity, status.Error(codes.PermissionDenied, "a token of this kind may not be used here")
	}
	return identity, status.Error(codes.Unavailable, "the token cannot be checked at the moment")
}

// statusOf gives the errors of the Manager that a handler returns a status. All others are the handler's business.
func statusOf(err error) error {
	switch {
	case errors.Is(err, apitoken.ErrUnavailable):
		return status.Error(codes.Unavailable, "this cannot be answered at the moment")
	case errors.Is(err, apitoken.ErrDenied):
		return status.Error(codes.PermissionDenied, "you may not do this")
	}
	return err
}

// FromContext gives the identity of a call, and whether there is one.
func FromContext(ctx context.Context) (apitoken.Identity, bool) {
	identity, ok := ctx.Value(contextKey{}).(apitoken.Identity)
	return identity, ok
}

type contextKey struct{}
