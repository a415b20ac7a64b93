# Apache Kafka out of the jars that `make kafka` fetches, configured as the official image is:
# KAFKA_X_Y becomes x.y, a double underscore one, a triple one a dash.
ARG DEBIAN_IMAGE
FROM ${DEBIAN_IMAGE}
RUN apt-get update -qq \
 && install -d /usr/share/man/man1 \
 && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends \
    openjdk-17-jre-headless >/dev/null \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --create-home kafka
COPY libs /opt/kafka/libs
COPY kafka-start /usr/local/bin/kafka-start
USER kafka
EXPOSE 9092
ENTRYPOINT ["kafka-start"]
