#!/bin/bash
# What the worker's principal may do in Kafka, and nothing else: read the topics, be in the group.
#   BOOTSTRAP=kafka:9092 TOPICS="bookings" deploy/kafka/acls.sh [kafka-acls.sh options]
# It may not write: a message to a channel cannot come from here, whatever the program did.
set -euo pipefail
: "${BOOTSTRAP:?host:port of a broker}"
principal=${PRINCIPAL:-User:channel-sync}
group=${GROUP:-channel-sync}
acls=${KAFKA_ACLS:-kafka-acls.sh}
for topic in ${TOPICS:-bookings}; do
  $acls --bootstrap-server "$BOOTSTRAP" "$@" --add --allow-principal "$principal" \
    --operation Read --operation Describe --topic "$topic"
done
$acls --bootstrap-server "$BOOTSTRAP" "$@" --add --allow-principal "$principal" \
  --operation Read --operation Describe --group "$group"
