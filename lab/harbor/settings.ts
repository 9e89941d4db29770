/** What `/configurations` holds, with the values of a new Harbor, and which of it the answers leave out. */
import { z } from "zod";

const text = (initial = "") => z.string().default(initial);
const flag = (initial = false) => z.boolean().default(initial);
const count = (initial: number) => z.number().default(initial);

export const settingsSchema = z.object({
  audit_log_forward_endpoint: text(),
  auth_mode: text("db_auth"),
  banner_message: text(),
  disabled_audit_log_event_types: text(),
  http_authproxy_admin_groups: text(),
  http_authproxy_admin_usernames: text(),
  http_authproxy_endpoint: text(),
  http_authproxy_server_certificate: text(),
  http_authproxy_skip_search: flag(),
  http_authproxy_tokenreview_endpoint: text(),
  http_authproxy_verify_cert: flag(true),
  ldap_base_dn: text(),
  ldap_filter: text(),
  ldap_group_admin_dn: text(),
  ldap_group_attach_parallel: flag(),
  ldap_group_attribute_name: text(),
  ldap_group_base_dn: text(),
  ldap_group_membership_attribute: text("memberof"),
  ldap_group_search_filter: text(),
  ldap_group_search_scope: count(2),
  ldap_scope: count(2),
  ldap_search_dn: text(),
  ldap_search_password: text(),
  ldap_timeout: count(5),
  ldap_uid: text("cn"),
  ldap_url: text(),
  ldap_verify_cert: flag(true),
  notification_enable: flag(true),
  oidc_admin_group: text(),
  oidc_auto_onboard: flag(),
  oidc_client_id: text(),
  oidc_client_secret: text(),
  oidc_endpoint: text(),
  oidc_extra_redirect_parms: text("{}"),
  oidc_group_filter: text(),
  oidc_groups_claim: text(),
  oidc_logout: flag(),
  oidc_name: text(),
  oidc_scope: text(),
  oidc_user_claim: text(),
  oidc_verify_cert: flag(true),
  primary_auth_mode: flag(),
  project_creation_restriction: text("everyone"),
  quota_per_project_enable: flag(true),
  read_only: flag(),
  robot_name_prefix: text("robot$"),
  robot_token_duration: count(30),
  scanner_skip_update_pulltime: flag(),
  self_registration: flag(),
  session_timeout: count(60),
  skip_audit_log_database: flag(),
  storage_per_project: count(-1),
  token_expiration: count(30),
  uaa_client_id: text(),
  uaa_client_secret: text(),
  uaa_endpoint: text(),
  uaa_verify_cert: flag(),
});

export type Settings = z.infer<typeof settingsSchema>;

/** Kept encrypted and never shown. `uaa_client_secret` is shown: so does the real one. */
export const WRITE_ONLY = ["ldap_search_password", "oidc_client_secret"] as const;
