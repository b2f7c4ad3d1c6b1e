use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use http_body::Frame;
use http_body_util::{BodyExt as _, BodyStream, StreamBody};
use tonic::body::Body;

/// A body that is longer is sent only once.
const MAX_KEPT: usize = 1 << 20;

/// A request's body, kept where all of it is there at once, as in a unary call.
pub(super) enum Kept {
    Whole(Bytes),
    /// `None` after it was sent.
    Once(Option<Body>),
}

impl Kept {
    pub(super) fn new(mut body: Body) -> Self {
        let mut data = BytesMut::new();
        loop {
            match body.frame().now_or_never() {
                Some(None) => return Self::Whole(data.freeze()),
                Some(Some(Ok(frame))) => match frame.into_data() {
                    Ok(more) if data.len() + more.len() <= MAX_KEPT => data.extend_from_slice(&more),
                    Ok(more) => return Self::once(vec![Frame::data(data.freeze()), Frame::data(more)], body),
                    Err(trailers) => return Self::once(vec![Frame::data(data.freeze()), trailers], body),
                },
                Some(Some(Err(error))) => {
                    let failed = stream::iter([Err::<Frame<Bytes>, _>(error)]);
                    return Self::Once(Some(Body::new(StreamBody::new(failed))));
                }
                None => return Self::once(vec![Frame::data(data.freeze())], body),
            }
        }
    }

    fn once(first: Vec<Frame<Bytes>>, rest: Body) -> Self {
        let first = first.into_iter().filter(|frame| frame.data_ref().is_none_or(|data| !data.is_empty()));
        let frames = stream::iter(first.map(Ok).collect::<Vec<_>>()).chain(BodyStream::new(rest));
        Self::Once(Some(Body::new(StreamBody::new(frames))))
    }

    /// The body for one more attempt, if there is one.
    pub(super) fn take(&mut self) -> Option<Body> {
        match self {
            Self::Whole(data) => {
                let frame = Ok::<_, std::convert::Infallible>(Frame::data(data.clone()));
                Some(Body::new(StreamBody::new(stream::iter([frame]))))
            }
            Self::Once(body) => body.take(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    type Frames = Vec<Result<Frame<Bytes>, std::convert::Infallible>>;

    fn frames(texts: &[&'static str]) -> Frames {
        texts.iter().map(|text| Ok(Frame::data(Bytes::from_static(text.as_bytes())))).collect()
    }

    async fn text(body: Body) -> Vec<u8> {
        body.collect().await.unwrap().to_bytes().to_vec()
    }

    #[tokio::test]
    async fn what_is_there_at_once_can_be_sent_again() {
        let mut kept = Kept::new(Body::new(StreamBody::new(stream::iter(frames(&["a", "bc"])))));
        for _ in 0..3 {
            assert_eq!(text(kept.take().unwrap()).await, b"abc");
        }
    }

    #[tokio::test]
    async fn a_stream_that_goes_on_is_sent_once_and_whole() {
        let (sender, receiver) = tokio::sync::mpsc::channel(4);
        sender.send(frames(&["a"]).remove(0)).await.unwrap();
        let body = StreamBody::new(tokio_stream::wrappers::ReceiverStream::new(receiver));
        let mut kept = Kept::new(Body::new(body));
        let sent = kept.take().unwrap();
        assert!(kept.take().is_none());
        sender.send(frames(&["b"]).remove(0)).await.unwrap();
        drop(sender);
        assert_eq!(text(sent).await, b"ab");
    }
}
