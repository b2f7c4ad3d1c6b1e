use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};

use super::{Call, Running};

/// A body that tells its call about the trailers, and when it is over.
#[derive(Debug)]
pub struct ObservedBody<B, C: Call> {
    inner: B,
    call: Option<Running<C>>,
}

impl<B, C: Call> ObservedBody<B, C> {
    pub(super) fn new(inner: B, call: Option<Running<C>>) -> Self {
        Self { inner, call }
    }
}

impl<B: Body + Unpin, C: Call> Body for ObservedBody<B, C> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        poller: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(poller);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let (Some(trailers), Some(call)) = (frame.trailers_ref(), &mut self.call) {
                    call.0.trailers(trailers);
                    self.call = None;
                }
            }
            Poll::Ready(Some(Err(_)) | None) => self.call = None,
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
