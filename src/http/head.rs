//! The head of a call, as warp's filters read it, and as it is read where no filter is asked.

use std::convert::Infallible;
use std::future::ready;

use warp::http::request::Parts;
use warp::http::{HeaderMap, Method};
use warp::path::FullPath;
use warp::{Filter, Rejection};

use super::connection::Connection;
use super::origin::{self, Named};

/// The head of a call.
pub(super) struct RequestHead {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) named: Named,
    pub(super) headers: HeaderMap,
    pub(super) connection: Connection,
}

impl RequestHead {
    /// The head of a request, taken out of it: the same that [`head`] reads.
    pub(super) fn of(request: Parts) -> Self {
        let Parts { method, uri, headers, mut extensions, .. } = request;
        let (path, query) = (uri.path().to_owned(), uri.query().unwrap_or_default().to_owned());
        let connection = extensions.remove().unwrap_or_default();
        Self { method, path, query, named: origin::named_in(&uri, &headers), headers, connection }
    }
}

/// Reads the head of any call but a CONNECT, which names an authority and no path, so that nothing looks at its path.
pub(super) fn head() -> impl Filter<Extract = (RequestHead,), Error = Rejection> + Clone {
    let method = warp::method()
        .and_then(|method| ready(if method == Method::CONNECT { Err(warp::reject()) } else { Ok(method) }));
    let query = warp::query::raw().or_else(|_: Rejection| ready(Ok::<_, Infallible>((String::new(),))));
    method
        .and(warp::path::full())
        .and(query)
        .and(origin::named())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<Connection>())
        .map(|method, path: FullPath, query, named, headers, connection: Option<Connection>| {
            let (path, connection) = (path.as_str().to_owned(), connection.unwrap_or_default());
            RequestHead { method, path, query, named, headers, connection }
        })
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use bytes::Bytes;
    use http_body_util::{BodyExt as _, Empty};
    use hyper::service::Service as _;
    use hyper_util::service::TowerToHyperService;
    use warp::Filter as _;
    use warp::http::Request;

    use super::{Connection, RequestHead, head};

    fn said(RequestHead { method, path, query, named, headers, connection }: &RequestHead) -> String {
        format!("{method} {path} {query} {named:?} {headers:?} {connection:?}")
    }

    #[tokio::test]
    async fn a_head_is_the_same_whether_a_filter_reads_it_or_none_does() -> Result<(), Box<dyn Error>> {
        let filtered = TowerToHyperService::new(warp::service(head().map(|head| said(&head))));
        let targets = [
            "/",
            "/access/v1/evaluation",
            "/access/v1/evaluation?",
            "/access/v1/evaluation?as_of=1&x=%20",
            "http://a.example/access/v1/evaluation",
            "http://a.example:80/a?b",
            "http://u@a.example/a%2Fb",
            "/a//b/../c;d",
        ];
        let hosts: [&[&[u8]]; 9] = [
            &[],
            &[b"a.example"],
            &[b"A.example"],
            &[b"a.example:80"],
            &[b"b.example"],
            &[b"u@a.example"],
            &[b"a.example", b"b.example"],
            &[b""],
            &[b"\xff"],
        ];
        let peer = "192.0.2.1:1".parse()?;
        for target in targets {
            for host in hosts {
                let request = || {
                    let request = Request::builder().method("POST").uri(target).header("x-request-id", "1");
                    let connection = Connection { is_tls: true, peer: Some(peer), ..Connection::default() };
                    let request = request.extension(connection);
                    host.iter().fold(request, |request, host| request.header("host", *host)).body(Empty::<Bytes>::new())
                };
                let read = RequestHead::of(request()?.into_parts().0);
                assert_eq!(read.connection.peer, Some(peer));
                let filtered = filtered.call(request()?).await?.into_body().collect().await?.to_bytes();
                assert_eq!(said(&read), String::from_utf8_lossy(&filtered), "{target} {host:?}");
            }
        }
        Ok(())
    }
}
