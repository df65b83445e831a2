package grpcauth

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Stream is the interceptor for streams.
func (i *Interceptors) Stream(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	identity, err := i.identify(ss.Context())
	if err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(context.WithValue(ss.Context(), contextKey{}, identity))
	defer end(nil)
	if expires := identity.Token.ExpiresAt; !expires.IsZero() {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, expires.Sub(i.manager.Now()), status.Error(codes.Unauthenticated, "the token has expired"))
		defer stop()
	}
	err = handler(srv, &stream{ServerStream: ss, ctx: ctx, end: end, interceptors: i})
	// If this interceptor ended the stream, its status is the answer, whatever error the handler made of it.
	if cause := context.Cause(ctx); cause != nil {
		if _, ours := status.FromError(cause); ours {
			return cause
		}
	}
	return statusOf(err)
}

// stream authenticates again with each message.
type stream struct {
	grpc.ServerStream
	ctx          context.Context
	end          context.CancelCauseFunc
	interceptors *Interceptors
}

func (s *stream) Context() context.Context { return s.ctx }

func (s *stream) SendMsg(message any) error {
	if err := s.check(); err != nil {
		return err
	}
	return s.ServerStream.SendMsg(message)
}

// RecvMsg authenticates after the message has arrived: the token may have been revoked while it waited.
func (s *stream) RecvMsg(message any) error {
	if err := s.ServerStream.RecvMsg(message); err != nil {
		return err
	}
	return s.check()
}

func (s *stream) check() error {
	_, err := s.interceptors.identify(s.ServerStream.Context())
	if err != nil {
		s.end(err)
	}
	return err
}
