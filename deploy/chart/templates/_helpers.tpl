{{- define "edgress.selector" -}}
app.kubernetes.io/name: edgress
{{- end }}

{{- define "edgress.image" -}}
{{ .repository }}{{ with .tag }}:{{ . }}{{ end }}{{ with .digest }}@{{ . }}{{ end }}
{{- end }}

{{/* The arguments of the container, one a line of a YAML list. */}}
{{- define "edgress.args" -}}
- sync
{{- if ne .Values.ingressClass.name "edgress" }}
- --ingress-class={{ .Values.ingressClass.name }}
{{- end }}
{{- if ne .Values.ingressClass.controller "edgress.dev/ingress-controller" }}
- --controller={{ .Values.ingressClass.controller }}
{{- end }}
{{- with .Values.sync }}
{{- range .publishStatusAddress }}
- --publish-status-address={{ . }}
{{- end }}
{{- range .watchNamespaces }}
- --watch-namespace={{ . }}
{{- end }}
{{- with .ingressSelector }}
- --ingress-selector={{ . }}
{{- end }}
{{- if .watchIngressWithoutClass }}
- --watch-ingress-without-class
{{- end }}
{{- if .exclusiveHosts }}
- --exclusive-hosts
{{- end }}
{{- if .manageHosts }}
- --manage-hosts
{{- end }}
{{- if .uploadCertificates }}
- --upload-certificates
{{- end }}
{{- with .name }}
- --name={{ . }}
{{- end }}
{{- with .allowedResponseHeaders }}
- --allowed-response-headers={{ join "," . }}
{{- end }}
{{- with .logLevel }}
- --log-level={{ . }}
{{- end }}
{{- end }}
{{- with .Values.permits.configMapName }}
- --permits-config-map={{ . }}
{{- end }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end }}
