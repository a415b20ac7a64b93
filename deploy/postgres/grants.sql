-- Logins for the three roles that `channel-sync migrate` makes. Run once, as an administrator of
-- the database, after the first migration; passwords come from elsewhere (`\password`, a vault).

-- Migrates: acts as the owner of the schema. The very first migration makes roles and the schema,
-- and needs CREATEROLE and CREATE on the database.
CREATE ROLE channel_sync_migrator LOGIN;
GRANT channel_sync_owner TO channel_sync_migrator;

-- Consumes: reads everything, writes what it decides, deletes nothing, changes no table.
CREATE ROLE channel_sync_worker_1 LOGIN NOINHERIT;
GRANT channel_sync_worker TO channel_sync_worker_1;

-- A PMS: views and functions. It edits by functions, which name the actor.
CREATE ROLE hotel_pms LOGIN;
GRANT channel_sync_pms TO hotel_pms;

-- A gateway that answers the channels: receipts alone.
CREATE ROLE channel_gateway LOGIN;
GRANT USAGE ON SCHEMA channel_sync TO channel_gateway;
GRANT SELECT ON channel_sync.v_receipt TO channel_gateway;
