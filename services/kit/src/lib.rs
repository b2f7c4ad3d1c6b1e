//! What every service's main needs: config, telemetry, start and stop
