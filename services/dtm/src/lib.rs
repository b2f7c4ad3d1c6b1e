//! dtm's protocol: saga client, sub-transaction barrier, coordinator
