// The library's own validator would be another server's: nothing leaves this one.
SwaggerUIBundle({ url: 'openapi.json', domNode: document.getElementById('api'), deepLinking: true, validatorUrl: null });
