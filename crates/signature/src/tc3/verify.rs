//! Checking a TC3 claim against a secret key, and making one.

use super::{
    Claim,
    canonical::{
        ALGORITHM, DerivedKeys, HeaderValues, canonical_request, canonical_request_for_host,
        credential_scope, hashed_payload, string_to_sign, utc_date,
    },
};
use crate::{RequestView, SecretKey, hosts, mac};

impl Claim {
    /// Tells whether the signature was made with this secret over this request and body.
    ///
    /// The scope must carry the UTC date of the timestamp, and the expected service or, as the Node SDK has it,
    /// the first label of the host. Tried are the received host, the host without its port, `extra_hosts`, and
    /// for each of them header values in lower case and as sent.
    pub fn verify(
        &self,
        view: &RequestView<'_>,
        body: &[u8],
        secret: &SecretKey,
        expected_service: &str,
        extra_hosts: &[&str],
    ) -> bool {
        let received = view
            .header("host")
            .and_then(|host| str::from_utf8(host).ok())
            .unwrap_or_default();
        if utc_date(self.timestamp).as_deref() != Some(&self.date) || !self.is_for(expected_service, received)
        {
            return false;
        }
        let keys = DerivedKeys::new(secret, &self.date, &self.service);
        let scope = credential_scope(&self.date, &self.service);
        let payload = hashed_payload(view, body);
        let matches = |host: Option<&str>| {
            [HeaderValues::Lowered, HeaderValues::AsSent]
                .into_iter()
                .any(|values| {
                    let canonical =
                        canonical_request_for_host(view, &self.signed_headers, &payload, values, host);
                    let text = string_to_sign(self.timestamp, &scope, &canonical);
                    mac::same(&keys.signature(&text), &self.signature)
                })
        };
        matches(None)
            || hosts::alternatives(received, extra_hosts)
                .iter()
                .any(|host| matches(Some(host)))
    }

    fn is_for(&self, expected_service: &str, received_host: &str) -> bool {
        let first_label = |host: &str| host.split('.').next() == Some(self.service.as_str());
        self.service == expected_service
            || first_label(received_host)
            || first_label(hosts::without_port(received_host))
    }
}

/// Signs a request and returns the text of its Authorization header, or `None` for a timestamp beyond the calendar.
///
/// The view must carry `Host`, `Content-Type` and `X-TC-Timestamp`; the signature covers the first two, like that
/// of the official SDKs. A token goes unsigned into `X-TC-Token`.
pub fn sign(
    view: &RequestView<'_>,
    body: &[u8],
    key_id: &str,
    secret: &SecretKey,
    service: &str,
    timestamp: i64,
) -> Option<String> {
    const SIGNED_HEADERS: &str = "content-type;host";
    let date = utc_date(timestamp)?;
    let scope = credential_scope(&date, service);
    let payload = hashed_payload(view, body);
    let canonical = canonical_request(view, SIGNED_HEADERS, &payload, HeaderValues::Lowered);
    let text = string_to_sign(timestamp, &scope, &canonical);
    let signature = DerivedKeys::new(secret, &date, service).signature(&text);
    Some(format!(
        "{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={SIGNED_HEADERS}, Signature={signature}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;

    /// Signs as a client that believes in `signed_host` and `service`, then verifies what arrives.
    struct Case<'c> {
        signed_host: &'c str,
        host: &'c str,
        content_type: &'c str,
        service: &'c str,
        extra_hosts: &'c [&'c str],
        values: HeaderValues,
    }

    const PLAIN: Case<'_> = Case {
        signed_host: "sts.tencentcloudapi.com",
        host: "sts.tencentcloudapi.com",
        content_type: "application/json",
        service: "sts",
        extra_hosts: &[],
        values: HeaderValues::Lowered,
    };

    fn secret() -> SecretKey {
        SecretKey::new("secret".to_owned())
    }

    fn claim_of(case: &Case<'_>) -> Claim {
        let headers = [
            ("Host", case.signed_host.as_bytes()),
            ("Content-Type", case.content_type.as_bytes()),
        ];
        let view = RequestView::new("POST", "/", "", &headers).unwrap();
        let (date, signed_headers) = (utc_date(NOW).unwrap(), "content-type;host".to_owned());
        let canonical = canonical_request(&view, &signed_headers, &hashed_payload(&view, b"{}"), case.values);
        let text = string_to_sign(NOW, &credential_scope(&date, case.service), &canonical);
        let signature = DerivedKeys::new(&secret(), &date, case.service).signature(&text);
        let (key_id, service) = ("id".to_owned(), case.service.to_owned());
        Claim {
            key_id,
            date,
            service,
            signed_headers,
            signature,
            timestamp: NOW,
            token: None,
        }
    }

    fn verifies(claim: &Claim, case: &Case<'_>) -> bool {
        let headers = [
            ("host", case.host.as_bytes()),
            ("content-type", case.content_type.as_bytes()),
        ];
        let view = RequestView::new("POST", "/", "", &headers).unwrap();
        claim.verify(&view, b"{}", &secret(), "sts", case.extra_hosts)
    }

    fn check(case: &Case<'_>, expected: bool) {
        assert_eq!(
            verifies(&claim_of(case), case),
            expected,
            "{} {} {}",
            case.signed_host,
            case.host,
            case.service
        );
    }

    #[test]
    fn host_with_and_without_port_and_configured() {
        check(&PLAIN, true);
        check(
            &Case {
                signed_host: "127.0.0.1:9000",
                host: "127.0.0.1:9000",
                ..PLAIN
            },
            true,
        );
        check(
            &Case {
                signed_host: "127.0.0.1",
                host: "127.0.0.1:9000",
                ..PLAIN
            },
            true,
        );
        check(
            &Case {
                signed_host: "127.0.0.1:9000",
                host: "127.0.0.1",
                ..PLAIN
            },
            false,
        );
        check(
            &Case {
                signed_host: "public.example",
                host: "127.0.0.1:9000",
                ..PLAIN
            },
            false,
        );
        let extra_hosts = &["other.example", "public.example"];
        check(
            &Case {
                signed_host: "public.example",
                host: "127.0.0.1:9000",
                extra_hosts,
                ..PLAIN
            },
            true,
        );
    }

    #[test]
    fn service_is_the_expected_one_or_the_first_label() {
        check(
            &Case {
                service: "127",
                signed_host: "127.0.0.1",
                host: "127.0.0.1:8080",
                ..PLAIN
            },
            true,
        );
        check(
            &Case {
                service: "localhost:8080",
                signed_host: "localhost",
                host: "localhost:8080",
                ..PLAIN
            },
            true,
        );
        check(
            &Case {
                service: "localhost",
                signed_host: "localhost",
                host: "localhost:8080",
                ..PLAIN
            },
            true,
        );
        check(
            &Case {
                service: "cam",
                ..PLAIN
            },
            false,
        );
        check(
            &Case {
                service: "cvm",
                signed_host: "cvm.x",
                host: "127.0.0.1",
                ..PLAIN
            },
            false,
        );
    }

    #[test]
    fn values_lowered_or_as_sent() {
        let content_type = "application/json; charset=UTF-8";
        check(
            &Case {
                content_type,
                values: HeaderValues::Lowered,
                ..PLAIN
            },
            true,
        );
        check(
            &Case {
                content_type,
                values: HeaderValues::AsSent,
                ..PLAIN
            },
            true,
        );
    }

    #[test]
    fn the_date_must_be_that_of_the_timestamp() {
        let mut claim = claim_of(&PLAIN);
        assert!(verifies(&claim, &PLAIN));
        // The signature fits the date it names, but the date is not the timestamp's.
        claim.date = "2023-11-13".to_owned();
        let headers = [
            ("Host", PLAIN.host.as_bytes()),
            ("Content-Type", PLAIN.content_type.as_bytes()),
        ];
        let view = RequestView::new("POST", "/", "", &headers).unwrap();
        let payload = hashed_payload(&view, b"{}");
        let canonical = canonical_request(&view, &claim.signed_headers, &payload, HeaderValues::Lowered);
        let text = string_to_sign(NOW, &credential_scope(&claim.date, "sts"), &canonical);
        claim.signature = DerivedKeys::new(&secret(), &claim.date, "sts").signature(&text);
        assert!(!verifies(&claim, &PLAIN));
    }

    #[test]
    fn an_unsigned_payload_may_change() {
        let headers: [(&str, &[u8]); 3] = [
            ("Host", b"sts.x"),
            ("Content-Type", b"a"),
            ("X-TC-Content-SHA256", b"UNSIGNED-PAYLOAD"),
        ];
        let stripped = headers.get(..2).unwrap();
        let signed = RequestView::new("POST", "/", "", &headers).unwrap();
        let text = sign(&signed, b"one", "id", &secret(), "sts", NOW).unwrap();
        let received = [
            stripped,
            &[
                ("Authorization", text.as_bytes()),
                ("X-TC-Timestamp", b"1700000000"),
            ],
        ]
        .concat();
        let with = [received.as_slice(), &headers[2..]].concat();
        let verifies = |headers: &[(&str, &[u8])]| {
            let view = RequestView::new("POST", "/", "", headers).unwrap();
            super::super::claim(&view)
                .unwrap()
                .unwrap()
                .verify(&view, b"other", &secret(), "sts", &[])
        };
        assert!(verifies(&with));
        assert!(!verifies(&received));
    }

    #[test]
    fn no_date_no_signature() {
        let view = RequestView::new("POST", "/", "", &[]).unwrap();
        assert_eq!(sign(&view, b"", "id", &secret(), "sts", i64::MAX), None);
        let claim = Claim {
            timestamp: i64::MAX,
            ..claim_of(&PLAIN)
        };
        assert!(!verifies(&claim, &PLAIN));
    }
}
