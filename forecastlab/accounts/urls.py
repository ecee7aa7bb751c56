from __future__ import annotations

from django.urls import path

from forecastlab.accounts import views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-in/link/<str:secret>", views.sign_in_link, name="sign-in-link"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("account/", views.profile, name="profile"),
    path("account/password/", views.password, name="password"),
    path("account/tokens/", views.token_create, name="token-create"),
    path("account/tokens/<int:pk>/revoke/", views.token_revoke, name="token-revoke"),
    path("account/views/", views.view_save, name="view-save"),
    path("account/views/<int:pk>/delete/", views.view_delete, name="view-delete"),
    path("account/sign-out-elsewhere/", views.sign_out_elsewhere, name="sign-out-elsewhere"),
]
