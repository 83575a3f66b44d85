// distrust.c -- why a handshake has failed, in words, and what to do about it.

#include "engine/loop/distrust.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>

#include "engine/loop/certificate.h"
#include "engine/loop/openssl.h"

static void say_issuer(const X509 *certificate, int is_its_own, char *text)
{
  char subject[WEIR_CERTIFICATE_TEXT];
  char issuer[WEIR_CERTIFICATE_TEXT];
  weir_certificate_subject(certificate, subject);
  weir_certificate_issuer(certificate, issuer);
  if (is_its_own)
    snprintf(
        text, WEIR_DISTRUST_TEXT,
        "the certificate of %s vouches for itself, and nothing here knows it; if it"
        " is the right one, have it in a file: tls = { ca = \"it.pem\" }",
        subject);
  else
    snprintf(text, WEIR_DISTRUST_TEXT,
             "the certificate of %s was issued by %s, which nothing here knows; its"
             " certificate is wanted: tls = { ca = \"authority.pem\" }",
             subject, issuer);
}

static void say_day(const X509 *certificate, int is_late, char *text)
{
  char subject[WEIR_CERTIFICATE_TEXT];
  char day[WEIR_CERTIFICATE_TEXT];
  weir_certificate_subject(certificate, subject);
  weir_certificate_day(certificate, !is_late, day);
  snprintf(text, WEIR_DISTRUST_TEXT,
           is_late
               ? "the certificate of %s expired on %s; it needs a new one"
               : "the certificate of %s is not valid before %s; are the clocks right?",
           subject, day);
}

void weir_distrust_certificate(int code, const X509 *certificate, const char *host,
                               char *text)
{
  char names[WEIR_CERTIFICATE_TEXT];
  switch (code) {
  case X509_V_ERR_CERT_HAS_EXPIRED:
  case X509_V_ERR_CERT_NOT_YET_VALID:
    say_day(certificate, code == X509_V_ERR_CERT_HAS_EXPIRED, text);
    break;
  case X509_V_ERR_HOSTNAME_MISMATCH:
  case X509_V_ERR_IP_ADDRESS_MISMATCH:
    weir_certificate_names(certificate, names);
    snprintf(
        text, WEIR_DISTRUST_TEXT,
        "the certificate is for %s, and not for %s; connect by one of its names, or"
        " say which one is meant: tls = { name = \"...\" }",
        names, host);
    break;
  case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
  case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    say_issuer(certificate, code == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, text);
    break;
  default:
    weir_certificate_subject(certificate, names);
    snprintf(text, WEIR_DISTRUST_TEXT, "the certificate of %s is not good: %s", names,
             weir_openssl_get()->X509_verify_cert_error_string(code));
  }
}

static const struct reason {
  int reason;
  int code;
  const char *words;
} reasons[] = {
    {SSL_R_WRONG_VERSION_NUMBER, -EPROTO,
     "the peer does not speak TLS; is this the right port?"},
    {SSL_R_HTTP_REQUEST, -EPROTO, "the peer speaks HTTP, and not TLS"},
    {SSL_R_UNSUPPORTED_PROTOCOL, -EPROTO, "the peer has nothing newer than TLS 1.1"},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, -EPROTO,
     "the peer refuses TLS 1.2 and whatever is newer"},
    {SSL_R_NO_SHARED_CIPHER, -EPROTO, "there is no cipher that both sides accept"},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, -EPROTO,
     "the peer refuses: it has no cipher that is accepted here, or wants a certificate:"
     " tls = { cert = \"...\" }"},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, -EKEYREJECTED,
     "the peer has no certificate, and ca asks for one"},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, -EKEYREJECTED,
     "the peer wants a certificate: tls = { cert = \"...\", key = \"...\" }"},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, -EKEYREJECTED,
     "the peer does not know who issued our certificate; it has to be told of that"
     " authority"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, -EKEYREJECTED,
     "the peer says that our certificate has expired; put a new one in its place"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, -EKEYREJECTED,
     "the peer says that our certificate was revoked; put a new one in its place"},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, -EKEYREJECTED,
     "the peer refuses our certificate, as it is not for this name or not in order"},
    {SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, -EKEYREJECTED,
     "the peer refuses our certificate, as it is not made for this use"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, -EKEYREJECTED,
     "the peer refuses our certificate"},
    {SSL_R_TLSV1_ALERT_ACCESS_DENIED, -EKEYREJECTED,
     "the peer knows our certificate, and does not let us in"},
};

int weir_distrust_handshake(unsigned long error, char *text)
{
  int reason = ERR_GET_REASON(error);
  for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
    if (reasons[i].reason == reason) {
      snprintf(text, WEIR_DISTRUST_TEXT, "%s", reasons[i].words);
      return reasons[i].code;
    }
  const char *words = weir_openssl_get()->ERR_reason_error_string(error);
  snprintf(text, WEIR_DISTRUST_TEXT, "TLS: %s",
           words != NULL ? words : "the peer breaks its rules");
  return -EPROTO;
}
