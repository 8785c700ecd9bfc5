"""AWS CloudTrail: sign-ins to the console and changes of who may do what.

Taken are files of a trail (`Records`), single records, EventBridge (`detail`), and notifications of SNS with any of these
in `Message`. Sources:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
(ConsoleLogin, CheckMfa, PasswordUpdated; a name that does not exist is HIDDEN_DUE_TO_SECURITY_REASONS),
https://docs.aws.amazon.com/singlesignon/latest/userguide/understanding-sign-in-events.html (UserAuthentication,
CredentialVerification), https://docs.aws.amazon.com/singlesignon/latest/userguide/sso-info-in-cloudtrail.html (the services
of IAM Identity Center, and their calls), https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html. SNS's
own signature needs a certificate from the network, which a source may not fetch: the secret in the address proves the
sender. A subscription is confirmed by hand with the SubscribeURL that SNS posts; it is never opened from here.

What is done over an interface has the name of its call: these were checked against https://github.com/boto/botocore
(1.44.8), those that switch safeguards off also against
https://github.com/SigmaHQ/sigma/tree/master/rules/cloud/aws/cloudtrail. What a switched role and a recovered password look
like is on no page of AWS's that could be opened, but in logs that others published.
"""

from litesoc_server.sources.base import Ignored, SourceItem, WebhookSource
from litesoc_server.sources.records import is_array, object_at
from litesoc_server.sources.vendor_item import (
    NOT_A_RECORD,
    Fields,
    Vendor,
    blanker,
    list_in,
    object_of_text,
    text_in,
    translator,
)

_VENDOR = Vendor("cloudtrail")

_SIGN_IN = "signin.amazonaws.com"
# By the service: a user of a mail server, a file transfer or a customer pool is made by CreateUser, too.
_NAMES = {
    "iam.amazonaws.com": {
        "CreateUser": "admin.user_created",
        "DeleteUser": "admin.user_deleted",
        "CreateAccessKey": "admin.api_key_created",
        "DeleteAccessKey": "admin.api_key_revoked",
        "EnableMFADevice": "auth.mfa_enabled",
        "DeactivateMFADevice": "auth.mfa_disabled",
        "UploadSSHPublicKey": "admin.api_key_created",
        "DeleteSSHPublicKey": "admin.api_key_revoked",
        "CreateServiceSpecificCredential": "admin.api_key_created",
        "DeleteServiceSpecificCredential": "admin.api_key_revoked",
        "ChangePassword": "auth.password_changed",
        "CreateLoginProfile": "auth.password_reset",
        "UpdateLoginProfile": "auth.password_reset",
        "AttachUserPolicy": "authz.permission_granted",
        "AttachGroupPolicy": "authz.permission_granted",
        "AttachRolePolicy": "authz.permission_granted",
        "PutUserPolicy": "authz.permission_granted",
        "PutGroupPolicy": "authz.permission_granted",
        "PutRolePolicy": "authz.permission_granted",
        "CreatePolicyVersion": "authz.permission_granted",
        "SetDefaultPolicyVersion": "authz.permission_granted",
        "UpdateAssumeRolePolicy": "authz.permission_granted",
        "AddUserToGroup": "authz.permission_granted",
        "DetachUserPolicy": "authz.permission_revoked",
        "DetachGroupPolicy": "authz.permission_revoked",
        "DetachRolePolicy": "authz.permission_revoked",
        "DeleteUserPolicy": "authz.permission_revoked",
        "DeleteGroupPolicy": "authz.permission_revoked",
        "DeleteRolePolicy": "authz.permission_revoked",
        "RemoveUserFromGroup": "authz.permission_revoked",
        "UpdateAccountPasswordPolicy": "admin.settings_changed",
        "DeleteAccountPasswordPolicy": "admin.settings_changed",
        "CreateSAMLProvider": "admin.settings_changed",
        "UpdateSAMLProvider": "admin.settings_changed",
        "DeleteSAMLProvider": "admin.settings_changed",
        "CreateOpenIDConnectProvider": "admin.settings_changed",
        "DeleteOpenIDConnectProvider": "admin.settings_changed",
    },
    _SIGN_IN: {
        "PasswordRecoveryRequested": "auth.password_reset_requested",
        "PasswordRecoveryCompleted": "auth.password_reset",
        "PasswordUpdated": "auth.password_changed",
    },
    # IAM Identity Center: over its interface, in the console, and what people may do in which account.
    "identitystore.amazonaws.com": {
        "CreateUser": "admin.user_created",
        "DeleteUser": "admin.user_deleted",
        "CreateGroupMembership": "authz.permission_granted",
        "DeleteGroupMembership": "authz.permission_revoked",
    },
    "sso-directory.amazonaws.com": {
        "CreateUser": "admin.user_created",
        "DeleteUser": "admin.user_deleted",
        "AddMemberToGroup": "authz.permission_granted",
        "RemoveMemberFromGroup": "authz.permission_revoked",
    },
    "sso.amazonaws.com": {
        "CreateAccountAssignment": "authz.permission_granted",
        "AttachManagedPolicyToPermissionSet": "authz.permission_granted",
        "PutInlinePolicyToPermissionSet": "authz.permission_granted",
        "DeleteAccountAssignment": "authz.permission_revoked",
        "DetachManagedPolicyFromPermissionSet": "authz.permission_revoked",
        "DeleteInlinePolicyFromPermissionSet": "authz.permission_revoked",
    },
    "cloudtrail.amazonaws.com": {
        "StopLogging": "admin.settings_changed",
        "DeleteTrail": "admin.settings_changed",
        "UpdateTrail": "admin.settings_changed",
        "PutEventSelectors": "admin.settings_changed",
    },
    "guardduty.amazonaws.com": {
        "DeleteDetector": "admin.settings_changed",
        "UpdateDetector": "admin.settings_changed",
    },
    "config.amazonaws.com": {
        "StopConfigurationRecorder": "admin.settings_changed",
        "DeleteConfigurationRecorder": "admin.settings_changed",
        "DeleteDeliveryChannel": "admin.settings_changed",
    },
}
# Sign-ins, which say how they ended: the names of success and failure (None: AWS's own).
_WITH_RESULT: dict[str, tuple[str | None, str | None]] = {
    "ConsoleLogin": ("auth.login_success", "auth.login_failed"),
    "UserAuthentication": ("auth.login_success", "auth.login_failed"),
    "CredentialVerification": (None, "auth.login_failed"),
    "SwitchRole": ("authz.access_granted", "authz.access_denied"),
    "CheckMfa": ("auth.mfa_challenge_success", "auth.mfa_challenge_failed"),
}
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Client.UnauthorizedOperation"})
_HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"


def _inside(record: Fields) -> list[object]:
    """Return the records of one envelope: a file of a trail, EventBridge's or SNS's; a record stands for itself."""
    if "Message" in record and "Type" in record:
        inner = object_of_text(record["Message"]) if text_in(record, "Type") == "Notification" else None
        return [record] if inner is None else _records(inner)
    return _records(record)


def _records(record: Fields) -> list[object]:
    if is_array(record.get("Records")):
        return list_in(record, "Records")
    if "detail-type" in record:
        return [record.get("detail")]
    return [record]


def _entry(record: Fields) -> SourceItem | Ignored:
    kind = text_in(record, "eventName")
    service = text_in(record, "eventSource")
    if kind is None or service is None:
        return NOT_A_RECORD
    identity = object_at(record, "userIdentity")
    name = text_in(identity, "userName") or text_in(identity, "sessionContext", "sessionIssuer", "userName")
    shown_name = None if name == _HIDDEN else name
    result = _result_of(record, kind)
    return _VENDOR.item(
        _name_of(service, kind, result, text_in(record, "errorCode")),
        vendor_event=kind,
        provider_id=text_in(record, "eventID"),
        actor_id=text_in(identity, "arn") or shown_name or text_in(identity, "principalId"),
        actor_email=(text_in(identity, "principalId") or "").rpartition(":")[2],  # sessions of people are named after them
        actor_name=shown_name,
        user_ip=text_in(record, "sourceIPAddress"),
        user_agent=text_in(record, "userAgent"),
        timestamp=text_in(record, "eventTime"),
        notes={
            "service": service,
            "region": text_in(record, "awsRegion"),
            "account": text_in(record, "recipientAccountId") or text_in(identity, "accountId"),
            "identity_type": text_in(identity, "type"),
            "result": result,
            "error": text_in(record, "errorCode"),
            "error_message": text_in(record, "errorMessage"),
            "mfa_used": text_in(record, "additionalEventData", "MFAUsed"),
            "target_user": text_in(record, "requestParameters", "userName"),
            "target_policy": text_in(record, "requestParameters", "policyArn"),
            "target_group": text_in(record, "requestParameters", "groupName"),
            "target_role": text_in(record, "requestParameters", "roleName"),
            "switched_from": text_in(record, "additionalEventData", "SwitchFrom"),
            "read_only": True if record.get("readOnly") is True else None,
        },
    )


def _result_of(record: Fields, kind: str) -> str | None:
    return text_in(record, "responseElements", kind) or text_in(record, "serviceEventDetails", kind)


def _name_of(service: str, kind: str, result: str | None, error: str | None) -> str | None:
    if service == _SIGN_IN and kind in _WITH_RESULT:
        succeeded, failed = _WITH_RESULT[kind]
        return succeeded if result == "Success" else failed
    if error in _DENIED:
        return "authz.access_denied"
    if error is not None or result == "Failure":
        return None  # nothing was done
    return _NAMES.get(service, {}).get(kind)


SOURCE = WebhookSource(
    id="cloudtrail",
    title="AWS CloudTrail",
    summary="Sign-ins to the AWS console and changes of users, keys and permissions, from EventBridge or SNS.",
    docs_url="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html",
    setup=(
        "In Amazon EventBridge create a connection of the kind API key: x-api-key, {key}",
        "Create an API destination: POST {address}",
        "Create a rule for aws.signin, aws.iam, aws.cloudtrail, aws.guardduty and aws.config, with this destination.",
        "With IAM Identity Center add the sources aws.sso, aws.sso-directory and aws.identitystore.",
        "Sign-ins are global: make the rule in us-east-1, too.",
    ),
    translate=translator(_entry, inside=_inside),
    strip=blanker(frozenset({"sessionToken", "credentials", "password", "Token", "SubscribeURL"}), json_texts={"Message"}),
)
