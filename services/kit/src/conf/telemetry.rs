use super::{Conf, ConfError, Reader};

/// How spans leave the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batcher {
    /// OTLP over gRPC, endpoint `host:4317`.
    OtlpGrpc,
    /// OTLP over HTTP, endpoint `host:4318`.
    OtlpHttp,
    /// Jaeger's Thrift over HTTP, endpoint `http://host:14268/api/traces`.
    Jaeger,
    /// Zipkin v2 JSON, endpoint `http://host:9411/api/v2/spans`.
    Zipkin,
    /// One JSON object a span, appended to the file that the endpoint names.
    File,
}

/// The `Telemetry` block.
#[derive(Debug, Clone, PartialEq)]
pub struct TelemetryConf {
    /// `service.name` of the spans; the service's name if empty.
    pub name: String,
    /// Where spans go; empty makes ids and exports nothing.
    pub endpoint: String,
    /// Share of new traces that are recorded, 0 to 1; default 1.
    pub sampler: f64,
    /// Default `otlpgrpc`.
    pub batcher: Batcher,
    /// Further headers for both OTLP kinds.
    pub otlp_headers: Vec<(String, String)>,
    /// Path for `otlphttp`; default `/v1/traces`.
    pub otlp_http_path: String,
    /// Whether `otlphttp` uses https; not supported, spans go to a collector on the same network.
    pub disabled: bool,
}

const BATCHERS: &[&str] = &["otlpgrpc", "otlphttp", "jaeger", "zipkin", "file"];

impl Conf for TelemetryConf {
    fn read(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        let batcher = match r.choice_or("Batcher", BATCHERS, "otlpgrpc")? {
            "otlphttp" => Batcher::OtlpHttp,
            "jaeger" => Batcher::Jaeger,
            "zipkin" => Batcher::Zipkin,
            "file" => Batcher::File,
            _ => Batcher::OtlpGrpc,
        };
        let conf = Self {
            name: r.string_or("Name", "")?,
            endpoint: r.string_or("Endpoint", "")?,
            sampler: r.float_or("Sampler", 0.0..=1.0, 1.0)?,
            batcher,
            otlp_headers: r.secret_map("OtlpHeaders")?,
            otlp_http_path: r.string_or("OtlpHttpPath", "/v1/traces")?,
            disabled: r.bool_or("Disabled", false)?,
        };
        if r.bool_or("OtlpHttpSecure", false)? {
            return Err(r.error(
                "OtlpHttpSecure",
                "true",
                "false (spans are sent in the clear; put a local collector in front)",
            ));
        }
        conf.check_endpoint(r)?;
        Ok(conf)
    }
}

impl TelemetryConf {
    /// Reads the block of a service, if there is one; a block without a name has the service's.
    ///
    /// # Errors
    /// A key holds what is not allowed.
    pub fn read_for(r: &mut Reader<'_>, service: &str) -> Result<Option<Self>, ConfError> {
        let mut conf = r.optional_block("Telemetry", Self::read)?;
        if let Some(conf) = conf.as_mut().filter(|conf| conf.name.is_empty()) {
            service.clone_into(&mut conf.name);
        }
        Ok(conf)
    }

    /// Whether spans leave the process.
    pub fn exports(&self) -> bool {
        !self.disabled && !self.endpoint.is_empty()
    }

    fn check_endpoint(&self, r: &Reader<'_>) -> Result<(), ConfError> {
        if self.endpoint.is_empty() {
            return Ok(());
        }
        let allowed = match self.batcher {
            Batcher::OtlpGrpc | Batcher::OtlpHttp if !host_and_port(self.endpoint.trim_start_matches("http://")) => {
                "host:port"
            }
            Batcher::Jaeger if !http_url(&self.endpoint) => "a URL such as http://localhost:14268/api/traces",
            Batcher::Zipkin if !http_url(&self.endpoint) => "a URL such as http://localhost:9411/api/v2/spans",
            _ => return Ok(()),
        };
        Err(r.error("Endpoint", format!("{:?}", self.endpoint), allowed))
    }
}

fn host_and_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

fn http_url(text: &str) -> bool {
    text.parse::<http::Uri>().is_ok_and(|u| u.scheme_str() == Some("http") && u.authority().is_some())
}
