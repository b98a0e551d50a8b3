# The binary, and the example of a service beside it: no shell, no package manager, not root. Time zones and certificates are in the base image.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /ledger ./cmd/ledger \
	&& CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /provisioner ./examples/provisioner

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /ledger /provisioner /usr/local/bin/
USER nonroot:nonroot
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/ledger"]
CMD ["serve", "--http", "0.0.0.0:8080"]
